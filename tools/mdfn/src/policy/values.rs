//! Values of the options.

pub(super) fn function(text: &str) -> Result<String, &'static str> {
    if text.starts_with("ocid1.datasciencemodeldeployment.") {
        Err(
            "this is a model deployment; the group must hold the function, or it stays empty and every call is a 404",
        )
    } else if text.starts_with("ocid1.fnfunc.") && is_ocid(text) {
        Ok(text.to_owned())
    } else {
        Err("expected the OCID of a function, `ocid1.fnfunc...`")
    }
}

/// Returns the OCID of a compartment, or of a tenancy, which is one.
pub(crate) fn compartment(text: &str) -> Result<String, &'static str> {
    if (text.starts_with("ocid1.compartment.") || text.starts_with("ocid1.tenancy."))
        && is_ocid(text)
    {
        Ok(text.to_owned())
    } else {
        Err("expected the OCID of a compartment, `ocid1.compartment...`")
    }
}

fn is_ocid(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

pub(super) fn name(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `.`, `-` and `_`")
    }
}

/// Returns the full name of a model, or the OCID of an endpoint.
pub(super) fn generative_model(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/".contains(&byte);
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected the full name of a model, such as `xai.grok-4.3`, or the OCID of an endpoint")
    }
}

/// Returns a compartment and the name of a bucket in it.
pub(super) fn bucket(text: &str) -> Result<(String, String), &'static str> {
    let (place, name) = text.split_once('=').ok_or("expected `COMPARTMENT=NAME`")?;
    Ok((compartment(place)?, self::name(name)?))
}
