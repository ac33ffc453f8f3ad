//! How an application of OCI Functions is named on a command line.

/// Returns a name, or the OCID of an application.
pub(crate) fn parse(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || is_ocid(text) && !text.starts_with("ocid1.fnapp.") {
        Err("expected the name or the OCID of an application, `ocid1.fnapp...`")
    } else {
        Ok(text.to_owned())
    }
}

/// Returns whether an application is named by its OCID.
pub(crate) fn is_ocid(application: &str) -> bool {
    application.starts_with("ocid1.")
}
