//! Is the configuration file of the OCI CLI read as its users expect, and each mistake in it named?

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

use emulator::agent::Agent;
use fn_fdk::error_chain;
use oracle_cloud_client::signature::{CredentialsError, CredentialsErrorKind};
use oracle_cloud_client::{Principal, PrincipalSettings};

use super::reason;
use crate::data;
use crate::setup::Setup;

const TENANCY: &str = "ocid1.tenancy.oc1..aaaa";
const USER: &str = "ocid1.user.oc1..bbbb";
const FINGERPRINT: &str = "a3:e0:13:b8:83:35:30:ca:76:37:26:b9:69:25:ef:17";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

/// The principal of a configuration file with this text; `{KEYS}` and `{RPST}` are the folders of the vectors.
fn principal(text: &str, vars: &[(&str, &str)]) -> Result<Principal, CredentialsError> {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| data::path(name).display().to_string();
    let text = text.replace("{KEYS}", &folder("keys")).replace("{RPST}", &folder("rpst"));
    fs::create_dir(home.path().join(".oci")).unwrap();
    fs::write(home.path().join(".oci/config"), text).unwrap();
    fs::write(home.path().join("own.pem"), data::bytes("keys/test-rsa2048-a.pkcs1.pem")).unwrap();
    let mut all = BTreeMap::from([("HOME", home.path().to_str().unwrap())]);
    all.extend(vars.iter().copied());
    Principal::from_vars(&|name| all.get(name).map(|&value| value.to_owned()), now())
}

async fn key_id(principal: &Principal) -> String {
    principal.credentials(now()).await.unwrap().key_id().expose().to_owned()
}

fn profile(more: &str) -> String {
    format!(
        "[DEFAULT]\ntenancy={TENANCY}\nuser={USER}\nfingerprint={FINGERPRINT}\nkey_file={{KEYS}}/test-rsa2048-a.pkcs8.pem\n{more}"
    )
}

#[tokio::test]
async fn oci_signing_42_an_api_key_signs_with_tenancy_user_and_fingerprint() {
    let principal = principal(&profile("region=iad\n"), &[]).unwrap();
    assert_eq!((principal.source(), principal.region()), ("api_key", Some("us-ashburn-1")));
    assert_eq!(key_id(&principal).await, format!("{TENANCY}/{USER}/{FINGERPRINT}"));
    assert_eq!(principal.credentials(now()).await.unwrap().expires(), None);
}

#[tokio::test]
async fn oci_signing_42_profiles_inherit_and_values_keep_their_separators() {
    let text = profile("")
        + "# a comment\n; another\n\n[other]\n User : ocid1.user.oc1..cccc\nregion = phx\nkey_file = {KEYS}/test-rsa2048-a.legacy-aes256.pem\npass_phrase = test passphrase=1\n";
    let other = principal(&text, &[("OCI_CLI_PROFILE", "other")]).unwrap();
    assert_eq!(key_id(&other).await, format!("{TENANCY}/ocid1.user.oc1..cccc/{FINGERPRINT}"));
    assert_eq!(other.region(), Some("us-phoenix-1"));
    let default = principal(&text, &[("OCI_REGION", "fra")]).unwrap();
    assert_eq!(default.region(), Some("eu-frankfurt-1"));
}

#[tokio::test]
async fn oci_signing_42_the_environment_of_the_cli_overrides_the_file() {
    let vars = [
        ("OCI_CLI_USER", "ocid1.user.oc1..dddd"),
        ("OCI_CLI_REGION", "lhr"),
        ("OCI_CLI_KEY_FILE", "~/own.pem"),
    ];
    let principal = principal(&profile("region=iad\n"), &vars).unwrap();
    assert_eq!(key_id(&principal).await, format!("{TENANCY}/ocid1.user.oc1..dddd/{FINGERPRINT}"));
    assert_eq!(principal.region(), Some("uk-london-1"));
}

#[tokio::test]
async fn oci_signing_42_the_key_may_stand_in_the_environment_and_an_empty_one_is_none() {
    let key = data::text("keys/test-rsa2048-a.pkcs1.pem");
    let absent = profile("").replace("pkcs8.pem", "absent.pem");
    let in_the_environment = principal(&absent, &[("OCI_CLI_KEY_CONTENT", &key)]).unwrap();
    assert_eq!(key_id(&in_the_environment).await, format!("{TENANCY}/{USER}/{FINGERPRINT}"));
    assert!(principal(&profile(""), &[("OCI_CLI_KEY_CONTENT", "")]).is_ok());
    let error = principal(&absent, &[("OCI_CLI_KEY_CONTENT", "")]).unwrap_err();
    assert!(error_chain(&error).contains("key_file"), "{error}");
}

/// The variables of the CLI that make a user, with a key of the vectors.
fn user(key: &'static str, value: String) -> Vec<(&'static str, String)> {
    vec![
        ("OCI_CLI_TENANCY", TENANCY.to_owned()),
        ("OCI_CLI_USER", USER.to_owned()),
        ("OCI_CLI_FINGERPRINT", FINGERPRINT.to_owned()),
        ("OCI_CLI_REGION", " lhr\n".to_owned()),
        (key, value),
    ]
}

/// The principal of variables alone: there is no home, and no file.
fn alone(vars: &[(&'static str, String)]) -> Result<Principal, CredentialsError> {
    let vars: BTreeMap<_, _> = vars.iter().cloned().collect();
    Principal::from_vars(&|name| vars.get(name).cloned(), now())
}

#[tokio::test]
async fn the_variables_of_the_cli_are_enough_without_a_file() {
    let file = data::path("keys/test-rsa2048-a.pkcs8.pem").display().to_string();
    let content = data::text("keys/test-rsa2048-a.pkcs8.pem").replace('\n', " ");
    for vars in [user("OCI_CLI_KEY_FILE", file.clone()), user("OCI_CLI_KEY_CONTENT", content)] {
        let principal = alone(&vars).unwrap();
        assert_eq!((principal.source(), principal.region()), ("api_key", Some("uk-london-1")));
        assert_eq!(key_id(&principal).await, format!("{TENANCY}/{USER}/{FINGERPRINT}"));
        // One of them absent, or set to nothing, is missed by its name.
        for missing in 0..vars.len() {
            let mut fewer = vars.clone();
            let (name, value) = &mut fewer[missing];
            let name = *name;
            "  \n".clone_into(value);
            match alone(&fewer) {
                Ok(principal) => assert_eq!((name, principal.region()), ("OCI_CLI_REGION", None)),
                Err(error) => {
                    let name = name.replace("KEY_CONTENT", "KEY_FILE");
                    assert!(reason(&error).starts_with(&format!("{name} is not set; ")), "{error}");
                }
            }
        }
    }
    let token = data::path("rpst/valid.jwt").display().to_string();
    let session = [("OCI_CLI_KEY_FILE", file), ("OCI_CLI_SECURITY_TOKEN_FILE", token)];
    assert_eq!(alone(&session).unwrap().source(), "security_token");
    let profile =
        [user("OCI_CLI_KEY_FILE", String::new()), vec![("OCI_CLI_PROFILE", "TEST".into())]];
    let error = reason(&alone(&profile.concat()).unwrap_err());
    assert!(error.contains("OCI_CLI_PROFILE is set and there is no configuration file"), "{error}");
}

#[tokio::test]
async fn an_encrypted_key_in_a_variable_opens_with_the_passphrase_of_either_place() {
    let key = data::text("keys/test-rsa2048-a.legacy-aes256.pem");
    let passphrase = "test passphrase=1";
    for end in ["", "\n", "\r\n"] {
        let given = [("OCI_CLI_PASSPHRASE", format!("{passphrase}{end}"))];
        let vars = [user("OCI_CLI_KEY_CONTENT", key.clone()), given.to_vec()].concat();
        assert!(alone(&vars).is_ok(), "{end:?}");
    }
    let in_profile = profile(&format!("pass_phrase={passphrase}\n"));
    assert!(principal(&in_profile, &[("OCI_CLI_KEY_CONTENT", &key)]).is_ok());
    let error = reason(&alone(&user("OCI_CLI_KEY_CONTENT", key.clone())).unwrap_err());
    assert!(error.contains("OCI_CLI_KEY_CONTENT cannot be used: it is encrypted"), "{error}");
    let error = principal(&profile(""), &[("OCI_CLI_KEY_CONTENT", &key)]).unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{error:?}");
    let error = reason(&error);
    assert!(error.starts_with("the profile `DEFAULT` of "), "{error}");
    assert!(error.contains("OCI_CLI_KEY_CONTENT cannot be used: it is encrypted"), "{error}");
}

#[tokio::test]
async fn whoever_is_named_nearest_decides_whether_a_profile_is_a_session() {
    let session = "security_token_file={RPST}/valid.jwt\n";
    let test = |default: &str, own: &str| format!("{}{default}[TEST]\n{own}", profile(""));
    let user = format!("user={USER}\n");
    for (text, vars, source) in [
        (test(session, &user), vec![], "api_key"),
        (test(session, "region=iad\n"), vec![], "security_token"),
        (test("", session), vec![], "security_token"),
        (test("", &format!("{user}{session}")), vec![], "security_token"),
        (test(session, "security_token_file=\n"), vec![], "api_key"),
        (test(session, &user), vec![("OCI_CLI_AUTH", "Security_Token")], "security_token"),
        (test("", session), vec![("OCI_CLI_AUTH", " API_KEY ")], "api_key"),
        (test("", session), vec![("OCI_CLI_USER", USER)], "api_key"),
    ] {
        let vars = [vars, vec![("OCI_CLI_PROFILE", "TEST")]].concat();
        assert_eq!(principal(&text, &vars).unwrap().source(), source, "{text} {vars:?}");
    }
}

#[test]
fn an_empty_variable_counts_as_absent_everywhere() {
    for name in PrincipalSettings::names() {
        for nothing in ["", " ", "\n"] {
            let principal = principal(&profile("region=iad\n"), &[(name, nothing)]);
            assert!(principal.is_ok(), "{name}: {principal:?}");
        }
    }
}

#[test]
fn a_profile_that_is_named_is_looked_for_and_nothing_else_signs() {
    for (name, value) in [("OCI_CLI_PROFILE", "TEST"), ("OCI_CLI_PASSPHRASE", "secret")] {
        let var = |asked: &str| (asked == name).then(|| value.to_owned());
        let error = PrincipalSettings::from_vars(&var).unwrap_err().to_string();
        assert!(error.contains("OCI_CLI_USER is not set"), "{error}");
        assert!(!error.contains("OCI_RESOURCE_PRINCIPAL_VERSION"), "{error}");
    }
}

#[test]
fn every_mistake_of_every_variable_is_told_at_once() {
    let secret = "marked-as-secret";
    let wrong = [
        ("OCI_CLI_AUTH", "magic"),
        ("SEND_EXPIRED_TOKENS", "yes"),
        ("OCI_REGION_METADATA", secret),
        ("OCI_DEFAULT_REALM", "oc99"),
        ("OCI_RESOURCE_PRINCIPAL_VERSION", "2.3"),
        ("OCI_RESOURCE_PRINCIPAL_RPST", secret),
        ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", secret),
        ("OCI_RESOURCE_PRINCIPAL_REGION", "x/y"),
        ("OCI_CLI_USER", "a b"),
        ("OCI_CLI_TENANCY", "a\"b"),
        ("OCI_CLI_FINGERPRINT", "\u{e9}"),
        ("OCI_CLI_KEY_CONTENT", secret),
        ("OCI_CLI_REGION", "x y"),
        ("OCI_REGION", "\u{fffd}"),
        ("OCI_METADATA_BASE_URL", "ftp://host/"),
        ("OCI_SDK_AUTH_CLIENT_REGION_URL", "http://host/"),
        ("KUBERNETES_SERVICE_HOST", "a/b"),
    ];
    let var = |name: &str| {
        let wrong = wrong.iter().find(|(known, _)| *known == name);
        wrong.map(|(_, value)| (*value).to_owned())
    };
    let error = PrincipalSettings::from_vars(&var).unwrap_err();
    let names: Vec<&str> =
        error.mistakes().iter().map(|said| said.split(' ').next().unwrap()).collect();
    let mut expected = wrong.map(|(name, _)| name).to_vec();
    let mut sorted = names.clone();
    expected.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert!(!error.to_string().contains(secret), "{error}");
    // Each alone is one as well, whatever else is set.
    for (name, value) in wrong {
        let vars = [(name, value)];
        let error = error_chain(&principal(&profile(""), &vars).unwrap_err());
        assert!(error.contains(name), "{name}: {error}");
    }
    for (name, value) in [("SEND_EXPIRED_TOKENS", " True\n"), ("OCI_CLI_AUTH", "API_Key")] {
        assert!(principal(&profile(""), &[(name, value)]).is_ok(), "{name}");
    }
}

#[test]
fn oci_signing_42_each_mistake_is_named_and_no_value_shown() {
    let encrypted = profile("")
        .replace("test-rsa2048-a.pkcs8.pem", "test-rsa2048-a.legacy-aes256.pem")
        + "pass_phrase=wrong-secret\n";
    for (text, vars, named) in [
        (profile(""), vec![("OCI_CLI_PROFILE", "absent")], "OCI_CLI_PROFILE"),
        (profile("").replace("user=", "usr="), vec![], "`user`"),
        (profile("").replace("tenancy=", "#"), vec![], "`tenancy`"),
        (profile("").replace("pkcs8.pem", "absent.pem"), vec![], "key_file"),
        (profile("").replace("key_file=", "#"), vec![], "`key_file`"),
        (profile("").replace("pkcs8.pem", "public.pem"), vec![], "public key"),
        (profile("nonsense\n"), vec![], "line 6"),
        ("user=x\n".to_owned(), vec![], "line 1"),
        (profile("").replace("user=", "user=a\"b"), vec![], "key id"),
        (encrypted, vec![], "key_file"),
        (profile(""), vec![("OCI_CLI_CONFIG_FILE", "/no/such/file")], "/no/such/file"),
        (profile(""), vec![("OCI_CLI_AUTH", "security_token")], "`security_token_file`"),
        (profile(""), vec![("OCI_CLI_AUTH", "instance_obo_user")], "OCI_CLI_AUTH"),
        (profile(""), vec![("OCI_RESOURCE_PRINCIPAL_RPST", "x")], "OCI_RESOURCE_PRINCIPAL_VERSION"),
    ] {
        let error = error_chain(&principal(&text, &vars).unwrap_err());
        assert!(error.contains(named), "{named}: {error}");
        assert!(!error.contains("wrong-secret") && !error.contains(USER), "{error}");
    }
}

#[tokio::test]
async fn oci_signing_43_a_session_profile_signs_with_its_token() {
    let text = profile("security_token_file={RPST}/valid-newline.jwt\n");
    let session = principal(&text, &[]).unwrap();
    assert_eq!(session.source(), "security_token");
    assert_eq!(key_id(&session).await, format!("ST${}", data::text("rpst/valid.jwt")));
    // Asked for by name, the API key of the same profile.
    assert_eq!(principal(&text, &[("OCI_CLI_AUTH", "api_key")]).unwrap().source(), "api_key");
}

#[tokio::test]
async fn oci_signing_43_a_session_profile_makes_a_call_and_follows_its_token_file() {
    let setup = Setup::new().await;
    let directory = setup.directory();
    let text = format!(
        "[DEFAULT]\nsecurity_token_file={0}/rpst\nkey_file={0}/private.pem\nregion=gru\n",
        directory.display()
    );
    fs::write(directory.join("config"), text).unwrap();
    let config = directory.join("config").display().to_string();
    let program = setup.program_as([("OCI_CONFIG_FILE", config)]);
    let function = Agent::start(program).await.unwrap();
    for _ in 0..2 {
        assert_eq!(function.call(setup.call()).await.status, 200, "{:?}", function.lines());
        setup.principal.rotate(3600).unwrap();
    }
    assert!(function.lines().join("\n").contains("source=security_token region=sa-saopaulo-1"));
}
