//! Are regions known by their names and codes, and by what is added to the table?

use std::fs;

use oracle_cloud_client::SettingsError;
use oracle_cloud_client::region::Regions;

use crate::data;

#[test]
fn oci_signing_40_regions_are_those_of_the_table() {
    use oracle_cloud_client::region;
    for row in data::json("regions.json")["regions"].as_array().unwrap() {
        let (code, id) = (row["short_code"].as_str().unwrap(), row["region"].as_str().unwrap());
        assert_eq!(region::identifier(code), id);
        assert_eq!(region::identifier(&format!(" {} ", code.to_uppercase())), id);
        assert!(region::is_identifier(id), "{id}");
        assert_eq!(region::realm_of_region(id), row["realm"].as_str(), "{id}");
        assert!(region::realms_of_domain(row["domain"].as_str().unwrap()).next().is_some(), "{id}");
    }
    assert_eq!(region::identifier("xx-nowhere-9"), "xx-nowhere-9");
    for text in [
        "",
        "oci",
        "us-",
        "us-1",
        "us--1",
        "us-ashburn-",
        "us-ashburn-123",
        "US-ashburn-1",
        "u-ashburn-1",
    ] {
        assert!(!region::is_identifier(text), "{text}");
    }
}

fn regions(vars: &[(&str, &str)]) -> Result<Regions, SettingsError> {
    Regions::from_vars(&|name| {
        vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn oci_signing_40_regions_that_the_table_does_not_know_can_be_added() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".oci")).unwrap();
    let file = r#"[{"realmKey": "oc97", "realmDomainComponent": "example97.com", "regionKey": "NWA", "regionIdentifier": "xx-nowhere-1"}]"#;
    fs::write(home.path().join(".oci/regions-config.json"), file).unwrap();
    let metadata = r#"{"realmKey": "oc98", "realmDomainComponent": "example98.com", "regionKey": "nwb", "regionIdentifier": "xx-nowhere-2"}"#;
    let home = home.path().to_str().unwrap();
    let known = regions(&[("HOME", home), ("OCI_REGION_METADATA", metadata)]).unwrap();
    for (name, region, host) in [
        ("iad", "us-ashburn-1", "auth.us-ashburn-1.oraclecloud.com"),
        ("LTN", "uk-gov-london-1", "auth.uk-gov-london-1.oraclegovcloud.uk"),
        ("nwa", "xx-nowhere-1", "auth.xx-nowhere-1.example97.com"),
        (" NWB ", "xx-nowhere-2", "auth.xx-nowhere-2.example98.com"),
        ("xx-nowhere-3", "xx-nowhere-3", "auth.xx-nowhere-3.oraclecloud.com"),
        ("region.example", "region.example", "auth.region.example"),
    ] {
        assert_eq!(known.identifier(name), region);
        assert_eq!(known.host("auth", region), host);
    }
    for (realm, domain) in [("oc8", "oraclecloud8.com"), ("example99.com", "example99.com")] {
        let default = regions(&[("OCI_DEFAULT_REALM", realm)]).unwrap();
        assert_eq!(default.domain("xx-nowhere-3"), domain);
    }
}

#[test]
fn oci_signing_40_a_region_table_that_cannot_be_read_is_named() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".oci")).unwrap();
    fs::write(home.path().join(".oci/regions-config.json"), "{}").unwrap();
    let unreadable = tempfile::tempdir().unwrap();
    fs::create_dir_all(unreadable.path().join(".oci/regions-config.json")).unwrap();
    let [home, unreadable] = [&home, &unreadable].map(|home| home.path().to_str().unwrap());
    for (name, value, named) in [
        ("OCI_REGION_METADATA", "[]", "OCI_REGION_METADATA"),
        ("OCI_REGION_METADATA", r#"{"regionKey": "x"}"#, "OCI_REGION_METADATA"),
        ("OCI_DEFAULT_REALM", "oc99", "OCI_DEFAULT_REALM"),
        ("OCI_DEFAULT_REALM", "a.b/c", "OCI_DEFAULT_REALM"),
        ("HOME", home, "regions-config.json"),
        ("HOME", unreadable, "regions-config.json"),
    ] {
        let error = regions(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn an_added_realm_is_known_by_its_domain() {
    let metadata = r#"{"realmKey": "OC17", "realmDomainComponent": "oraclecloud17.com", "regionKey": "dyn", "regionIdentifier": "us-dcc-phoenix-9"}"#;
    let known = regions(&[("OCI_REGION_METADATA", metadata)]).unwrap();
    for (domain, realm, served) in [
        ("oraclecloud17.com", "oc17", true),
        ("oraclecloud17.com", "oc1", false),
        ("oraclecloud.com", "oc17", false),
        ("oraclecloud.com", "oc1", true),
        ("oraclegovcloud.com", "oc3", true),
        ("example.com", "oc17", false),
    ] {
        assert_eq!(known.serves(domain, realm), served, "{domain} {realm}");
        assert_eq!(Regions::default().serves(domain, realm), served && realm != "oc17");
    }
    assert_eq!(known.domain("us-dcc-phoenix-9"), "oraclecloud17.com");
}

#[test]
fn a_region_that_could_change_a_host_is_refused() {
    let metadata = |domain: &str, key: &str| {
        format!(
            r#"{{"realmKey": "oc17", "realmDomainComponent": "{domain}", "regionKey": "{key}", "regionIdentifier": "us-x-1"}}"#
        )
    };
    for (domain, key) in
        [("example", "dyn"), ("a.b/c", "dyn"), ("a..b", "dyn"), ("a.b", ""), ("a.b", "d y")]
    {
        let error = regions(&[("OCI_REGION_METADATA", &metadata(domain, key))]).unwrap_err();
        assert_eq!(error.mistakes().len(), 1, "{domain} {key}");
        assert!(error.to_string().starts_with("OCI_REGION_METADATA is not "), "{error}");
    }
    assert!(regions(&[("OCI_REGION_METADATA", &metadata(" A.B ", "Dyn"))]).is_ok());
}
