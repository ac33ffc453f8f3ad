//! The parts of an OCID.
//!
//! Source: docs/spec/oci-services.md#ocids.

/// The parts of an OCID, `ocid1.<kind>.<realm>.<region>.<unique>`, none of them with a capital.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ocid<'a> {
    pub(crate) kind: &'a str,
    pub(crate) realm: &'a str,
    /// Empty for what is of no region.
    pub(crate) region: &'a str,
    pub(crate) unique: &'a str,
}

impl<'a> Ocid<'a> {
    /// Reads an OCID; None if a text is none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let parts: Vec<&str> = text.split('.').collect();
        let ["ocid1", kind, realm, region, unique] = *parts.as_slice() else {
            return None;
        };
        let whole = [kind, realm, unique].iter().all(|part| !part.is_empty());
        let plain = parts.iter().all(|part| part.bytes().all(fits));
        (whole && plain).then_some(Self { kind, realm, region, unique })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ocid_has_five_parts_and_only_that_of_the_region_may_be_empty() {
        let of_a_region =
            Ocid::parse("ocid1.generativeaiproject.oc1.us-chicago-1.amaaaaaa").unwrap();
        assert_eq!((of_a_region.kind, of_a_region.realm), ("generativeaiproject", "oc1"));
        assert_eq!((of_a_region.region, of_a_region.unique), ("us-chicago-1", "amaaaaaa"));
        assert_eq!(Ocid::parse("ocid1.compartment.oc1..aaaa").unwrap().region, "");
        for text in [
            "",
            "ocid1.compartment.oc1",
            "ocid1.compartment.oc1..",
            "ocid1..oc1..aaaa",
            "ocid1.compartment...aaaa",
            "ocid1.compartment.oc1..aaaa.b",
            "ocid2.compartment.oc1..aaaa",
            "OCID1.compartment.oc1..aaaa",
            "ocid1.compartment.oc1..AAAA",
            "ocid1.compartment.oc1..aa aa",
            " ocid1.compartment.oc1..aaaa",
            "ocid1.compartment.oc1..aa/aa",
        ] {
            assert_eq!(Ocid::parse(text), None, "{text}");
        }
    }
}
