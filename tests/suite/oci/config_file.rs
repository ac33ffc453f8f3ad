//! Is the configuration file of the OCI CLI read as its users expect, and each mistake in it named?

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

use devkit::agent::Agent;
use model_deployment_fn::oci::{Principal, PrincipalError};

use crate::data;
use crate::setup::Setup;

const TENANCY: &str = "ocid1.tenancy.oc1..aaaa";
const USER: &str = "ocid1.user.oc1..bbbb";
const FINGERPRINT: &str = "a3:e0:13:b8:83:35:30:ca:76:37:26:b9:69:25:ef:17";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400)
}

/// The principal of a configuration file with this text; `{KEYS}` and `{RPST}` are the folders of the vectors.
fn principal(text: &str, vars: &[(&str, &str)]) -> Result<Principal, PrincipalError> {
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
async fn item_42_an_api_key_signs_with_tenancy_user_and_fingerprint() {
    let principal = principal(&profile("region=iad\n"), &[]).unwrap();
    assert_eq!((principal.source(), principal.region()), ("api_key", Some("us-ashburn-1")));
    assert_eq!(key_id(&principal).await, format!("{TENANCY}/{USER}/{FINGERPRINT}"));
    assert_eq!(principal.credentials(now()).await.unwrap().expires(), None);
}

#[tokio::test]
async fn item_42_profiles_inherit_and_values_keep_their_separators() {
    let text = profile("")
        + "# a comment\n; another\n\n[other]\n User : ocid1.user.oc1..cccc\nregion = phx\nkey_file = {KEYS}/test-rsa2048-a.legacy-aes256.pem\npass_phrase = test passphrase=1\n";
    let other = principal(&text, &[("OCI_CLI_PROFILE", "other")]).unwrap();
    assert_eq!(key_id(&other).await, format!("{TENANCY}/ocid1.user.oc1..cccc/{FINGERPRINT}"));
    assert_eq!(other.region(), Some("us-phoenix-1"));
    let default = principal(&text, &[("OCI_REGION", "fra")]).unwrap();
    assert_eq!(default.region(), Some("eu-frankfurt-1"));
}

#[tokio::test]
async fn item_42_the_environment_of_the_cli_overrides_the_file() {
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
async fn item_42_the_key_may_stand_in_the_environment_and_an_empty_one_is_none() {
    let key = data::text("keys/test-rsa2048-a.pkcs1.pem");
    let absent = profile("").replace("pkcs8.pem", "absent.pem");
    let in_the_environment = principal(&absent, &[("OCI_CLI_KEY_CONTENT", &key)]).unwrap();
    assert_eq!(key_id(&in_the_environment).await, format!("{TENANCY}/{USER}/{FINGERPRINT}"));
    assert!(principal(&profile(""), &[("OCI_CLI_KEY_CONTENT", "")]).is_ok());
    let error = principal(&absent, &[("OCI_CLI_KEY_CONTENT", "")]).unwrap_err();
    assert!(error.to_string().contains("key_file"), "{error}");
}

#[test]
fn item_42_each_mistake_is_named_and_no_value_shown() {
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
        (profile(&format!("user=a\"b{USER}\n")), vec![], "key id"),
        (encrypted, vec![], "key_file"),
        (profile(""), vec![("OCI_CLI_CONFIG_FILE", "/no/such/file")], "/no/such/file"),
        (profile(""), vec![("OCI_CLI_AUTH", "security_token")], "`security_token_file`"),
        (profile(""), vec![("OCI_CLI_AUTH", "instance_obo_user")], "OCI_CLI_AUTH"),
        (profile(""), vec![("OCI_RESOURCE_PRINCIPAL_RPST", "x")], "OCI_RESOURCE_PRINCIPAL_VERSION"),
    ] {
        let error = principal(&text, &vars).unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
        assert!(!error.contains("wrong-secret") && !error.contains(USER), "{error}");
    }
}

#[tokio::test]
async fn item_43_a_session_profile_signs_with_its_token() {
    let text = profile("security_token_file={RPST}/valid-newline.jwt\n");
    let session = principal(&text, &[]).unwrap();
    assert_eq!(session.source(), "security_token");
    assert_eq!(key_id(&session).await, format!("ST${}", data::text("rpst/valid.jwt")));
    // Asked for by name, the API key of the same profile.
    assert_eq!(principal(&text, &[("OCI_CLI_AUTH", "api_key")]).unwrap().source(), "api_key");
}

#[tokio::test]
async fn item_43_a_session_profile_makes_a_call_and_follows_its_token_file() {
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
