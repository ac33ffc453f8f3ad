//! What a route may tell the function to call: the function's own rule decides.

use serde_json::json;

use super::assert_found;
use crate::gateway_spec::{BASE, changed, findings};

const VALUES: &str = "/routes/0/requestPolicies/headerTransformations/setHeaders/items/0/values";

#[test]
fn an_address_that_the_function_always_refuses_is_refused_here() {
    let ocid = BASE.rsplit('/').next().unwrap();
    let oracle = BASE.strip_suffix(ocid).unwrap();
    let long = "x".repeat(2048);
    for (target, reason) in [
        (format!("http://{}", BASE.strip_prefix("https://").unwrap()), "its scheme is not https"),
        (format!("{BASE}/predict/"), "its custom path is not one of ALLOWED_PATHS"),
        (format!("{BASE}/predict//v1"), "its custom path"),
        (format!("{BASE}/predict/v1/../x"), "it is not a URL in its plain form"),
        (format!("{BASE}/predict?x=y"), "it is not a URL in its plain form"),
        (format!("{BASE}/predict#x"), "it is not a URL in its plain form"),
        (format!("{BASE}/Predict"), "its path is not"),
        (format!("{BASE}/predictWithStream"), "its path is not"),
        (format!("{BASE}/predict/{long}"), "it is longer than"),
        (
            format!("{oracle}ocid1.datasciencemodeldeployment.oc1.fra.xxxxx/predict"),
            "its path is not",
        ),
        (format!("{oracle}predict"), "its path is not"),
        (format!("{oracle}{}/predict", ocid.replace("oc1.", "oc2.")), "of another realm"),
        (format!("https://user@private.example/{ocid}/predict"), "not a URL in its plain form"),
        (format!("https://169.254.169.254/{ocid}/predict"), "its host is neither"),
        (format!("https://private.example:0/{ocid}/predict"), "its host is neither"),
        (format!("https://private.example/{ocid}/score"), "its path is not"),
        (format!("{ocid}/predict"), "neither an https URL nor an alias"),
        (ocid.to_owned(), "neither an https URL nor an alias"),
        (BASE.strip_prefix("https://").unwrap().to_owned(), "neither an https URL nor an alias"),
    ] {
        let (code, lines) = findings(&changed(VALUES, json!([target])));
        let start = "refused  route /iris: `model_deployment` is ";
        let found = lines.iter().any(|line| line.starts_with(start) && line.contains(reason));
        assert!(code == 1 && found, "{target}: {reason} {lines:?}");
    }
}

#[test]
fn an_address_that_the_operator_may_open_is_a_note() {
    let ocid = BASE.rsplit('/').next().unwrap();
    for (target, note) in [
        (BASE.to_owned(), "is a base URL"),
        (format!("{BASE}/predict/v1/models"), "the function needs `/v1/models` in ALLOWED_PATHS"),
        (format!("{BASE}/predict/metrics?x=y"), "the function needs `/metrics` in ALLOWED_PATHS"),
        (
            format!("https://datascience.eu-frankfurt-1.oci.customer-oci.com/{ocid}/predict"),
            "ALLOWED_HOSTS",
        ),
        (format!("https://10.0.0.1:8443/{ocid}"), "ALLOWED_HOSTS"),
    ] {
        let (code, lines) = findings(&changed(VALUES, json!([target])));
        let found = lines.iter().any(|line| line.starts_with("note") && line.contains(note));
        assert!(code == 0 && found, "{target}: {note} {lines:?}");
    }
    for target in [&format!("{BASE}/predict"), &format!("{BASE}/predictWithResponseStream"), "iris"]
    {
        let (code, lines) = findings(&changed(VALUES, json!([target])));
        let said = lines.iter().any(|line| line.contains("`model_deployment` "));
        assert!(code == 0 && !said, "{target} {lines:?}");
    }
}

#[test]
fn a_claim_that_users_write_themselves_is_no_target() {
    for claim in
        ["user_displayname", "name", "preferred_username", "email", "given_name", "user_locale"]
    {
        assert_found(
            &changed(VALUES, json!([format!("${{request.auth[{claim}]}}")])),
            &format!(
                "unsafe  route /iris: `model_deployment` is the claim `{claim}`, which users write"
            ),
        );
    }
    for claim in ["client_id", "sub", "tenant"] {
        let (code, lines) =
            findings(&changed(VALUES, json!([format!("${{request.auth[{claim}]}}")])));
        let note = format!("note  route /iris: `model_deployment` is the token's claim `{claim}`");
        assert!(code == 0 && lines.iter().any(|line| line.starts_with(&note)), "{lines:?}");
    }
}

#[test]
fn every_part_of_the_request_that_callers_choose_is_no_target() {
    for variable in [
        "request.headers[x]",
        "request.query[x]",
        "request.host",
        "request.subdomain[1]",
        "request.body",
    ] {
        for value in [
            format!("${{{variable}}}"),
            format!("a-${{{variable}}}"),
            format!("${{request.auth[sub]}}-${{{variable}}}"),
        ] {
            assert_found(
                &changed(VALUES, json!([value])),
                "unsafe  route /iris: `model_deployment` is made from the request",
            );
        }
    }
}

#[test]
fn two_names_of_the_target_at_once_are_refused_as_the_function_answers_400() {
    let headers = "/routes/0/requestPolicies/headerTransformations";
    let item = |name: &str| json!({ "name": name, "values": ["iris"] });
    let both = json!({ "setHeaders": { "items": [item("model_deployment"), item("x-model-deployment")] } });
    assert_found(
        &changed(headers, both),
        "refused  route /iris: it sets several names of the target",
    );
}
