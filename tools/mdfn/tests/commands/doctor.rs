//! `mdfn doctor`: each thing that can stand between a function and a prediction, named before a
//! call meets it.

use std::fs;
use std::time::Duration;

use emulator::deployment::{Authority, Behaviour, Certificate, ModelDeployment};
use emulator::principal::{Issuer, ResourcePrincipal};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::{Done, answering, mdfn, mdfn_with};

const ROW: &str = "{\"data\": [[5.1, 3.5, 1.4, 0.2]]}";

/// A deployment, and the environment of a function that may call it.
struct Setup {
    deployment: ModelDeployment,
    variables: Vec<(String, String)>,
    principal: ResourcePrincipal,
    _files: TempDir,
}

impl Setup {
    async fn new(certificate: Certificate) -> Self {
        let (issuer, authority) = (Issuer::new(), Authority::new());
        let deployment =
            ModelDeployment::start(issuer.clone(), &authority, certificate).await.unwrap();
        let files = tempfile::tempdir().unwrap();
        let principal =
            ResourcePrincipal::mint(issuer, files.path(), Duration::from_secs(3600)).unwrap();
        let roots = files.path().join("ca.pem");
        fs::write(&roots, authority.pem()).unwrap();
        let mut variables: Vec<(String, String)> = principal
            .variables()
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect();
        variables.push(("SSL_CERT_FILE".to_owned(), roots.display().to_string()));
        variables.push(("ALLOWED_HOSTS".to_owned(), format!("localhost:{}", deployment.port())));
        Self { deployment, variables, principal, _files: files }
    }

    async fn doctor(&self, arguments: &[&str], more: &[(&str, &str)]) -> Done {
        let mut variables = self.variables.clone();
        variables
            .extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let done = spawn_blocking(move || {
            let arguments = arguments.iter().map(String::as_str);
            let arguments: Vec<&str> = ["doctor"].into_iter().chain(arguments).collect();
            let variables: Vec<(&str, &str)> =
                variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            mdfn_with(&arguments, &variables, ROW)
        });
        let done = done.await.unwrap();
        assert!(!done.stdout.contains("eyJ") && !done.stdout.contains("PRIVATE"), "{done:?}");
        done
    }

    fn url(&self) -> String {
        self.deployment.url("localhost")
    }
}

fn says(done: &Done, line: &str) {
    assert!(done.stdout.lines().any(|said| said.starts_with(line)), "{line}\n{done:?}");
}

#[tokio::test]
async fn a_healthy_function_is_said_to_be_one() {
    let setup = Setup::new(Certificate::Valid).await;
    let done = setup.doctor(&[&setup.url(), "--call", "-"], &[]).await;
    assert_eq!(done.code, 0, "{done:?}");
    for subject in
        ["configuration", "target", "credentials", "token", "connection", "clock", "call"]
    {
        says(&done, &format!("ok    {subject}: "));
    }
    says(&done, "ok    credentials: resource_principal, ");
    says(&done, "ok    call: status 200 ");
    assert!(setup.deployment.received().iter().any(|received| received.verdict.is_ok()));
    // The target of the function's own configuration, through an alias.
    let aliases = format!("{{\"iris\": \"{}\"}}", setup.url());
    let more = [("MODEL_DEPLOYMENTS", aliases.as_str()), ("MODEL_DEPLOYMENT", "iris")];
    says(&setup.doctor(&[], &more).await, &format!("ok    target: {}", setup.url()));
    says(&setup.doctor(&[], &[]).await, "warn  target: none is given");
}

#[tokio::test]
async fn each_mistake_fails_with_its_name() {
    let setup = Setup::new(Certificate::Valid).await;
    let url = setup.url();
    let token = setup.variables.iter().find(|(name, _)| name.ends_with("_RPST")).unwrap();
    for (arguments, line) in [
        (
            vec!["https://iaas.eu-frankfurt-1.oraclecloud.com/"],
            "FAIL  target: the function answers 403",
        ),
        (
            vec![&url, "--config", "LOG_LEVEL=loud"],
            "FAIL  configuration: the function would not start: LOG_LEVEL",
        ),
        (
            vec![&url, "--config", "OCI_RESOURCE_PRINCIPAL_RPST=/nowhere"],
            "FAIL  credentials: OCI_RESOURCE_PRINCIPAL_RPST names a file",
        ),
        (
            vec![&url, "--config", "SSL_CERT_FILE=/nowhere"],
            "FAIL  configuration: the function would not start: SSL_CERT_FILE names a file",
        ),
        (vec![&url, "--config", "OCI_CLI_AUTH=magic"], "FAIL  credentials: OCI_CLI_AUTH"),
        (
            vec!["--config", "OCI_RESOURCE_PRINCIPAL_RPST=/nowhere", "--call", "-"],
            "FAIL  call: not made",
        ),
    ] {
        let done = setup.doctor(&arguments, &[]).await;
        assert_eq!(done.code, 1, "{arguments:?} {done:?}");
        says(&done, line);
    }
    let gone = url.replace(&setup.deployment.port().to_string(), "9");
    says(
        &setup.doctor(&[&gone, "--config", "ALLOWED_HOSTS=localhost:9"], &[]).await,
        "FAIL  connection: no connection",
    );
    // Nearly at its end, and beyond.
    setup.principal.rotate(60).unwrap();
    says(&setup.doctor(&[&url], &[]).await, "warn  token: it expires at ");
    setup.principal.rotate(-10).unwrap();
    says(
        &setup.doctor(&[&url], &[]).await,
        "FAIL  credentials: resource_principal: the session token has expired",
    );
    fs::write(&token.1, "half").unwrap();
    says(
        &setup.doctor(&[&url], &[]).await,
        "FAIL  credentials: OCI_RESOURCE_PRINCIPAL_RPST cannot be used",
    );
}

#[test]
fn a_key_id_that_no_service_will_find_is_a_warning_that_says_why() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/keys");
    let key = format!("{keys}/test-rsa2048-a.pkcs8.pem");
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(format!("{keys}/index.json")).unwrap()).unwrap();
    let known = index.get("keys").and_then(|keys| keys.as_array()).unwrap().iter();
    let fingerprints = known.filter_map(|key| {
        let file = key.pointer("/private_key_files/0/file")?.as_str()?;
        file.starts_with("test-rsa2048-a").then(|| key.get("api_key_fingerprint_md5")?.as_str())?
    });
    let [own] = fingerprints.collect::<Vec<_>>().try_into().unwrap();
    let (tenancy, user) = ("ocid1.tenancy.oc1..aaaa", "ocid1.user.oc1..bbbb");
    let other = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff".to_owned();
    for (tenancy, user, fingerprint, warnings) in [
        (tenancy, user, own.to_owned(), vec![]),
        (tenancy, user, other.clone(), vec!["the fingerprint is not that of the key"]),
        (tenancy, user, own.to_uppercase(), vec!["the fingerprint is not in its plain form"]),
        (tenancy, user, own.replace(':', ""), vec!["the fingerprint is not in its plain form"]),
        (user, tenancy, own.to_owned(), vec!["user and tenancy are swapped"]),
        (tenancy, tenancy, own.to_owned(), vec!["the user is not the OCID of a user"]),
        (user, user, own.to_owned(), vec!["the tenancy is not the OCID of a tenancy"]),
        (user, tenancy, other, vec!["the fingerprint is not that of the key", "user and tenancy"]),
    ] {
        let vars = [
            ("OCI_CLI_AUTH", "api_key"),
            ("OCI_CLI_TENANCY", tenancy),
            ("OCI_CLI_USER", user),
            ("OCI_CLI_FINGERPRINT", &fingerprint),
            ("OCI_CLI_KEY_FILE", &key),
            ("HOME", "/nonexistent"),
        ];
        let done = mdfn_with(&["doctor"], &vars, "");
        says(&done, "ok    credentials: api_key");
        let said = done.stdout.lines().filter_map(|line| line.strip_prefix("warn  key id: "));
        let said: Vec<&str> = said.collect();
        assert_eq!(said.len(), warnings.len(), "{done:?}");
        assert!(said.iter().zip(warnings).all(|(said, warning)| said.starts_with(warning)));
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_fails() {
    for certificate in [Certificate::OtherName, Certificate::Expired] {
        let setup = Setup::new(certificate).await;
        let done = setup.doctor(&[&setup.url()], &[]).await;
        says(&done, "FAIL  connection: no TLS connection to localhost");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_warning_and_a_refused_call_a_failure() {
    let setup = Setup::new(Certificate::Valid).await;
    setup.deployment.set_clock_offset(600);
    let done = setup.doctor(&[&setup.url(), "--call", "-"], &[]).await;
    says(&done, "warn  clock: ");
    assert!(done.stdout.contains("which refuses 300 s with 401"), "{done:?}");
    // As the function does, it takes the service's time.
    says(&done, "ok    call: status 200 ");
    setup.deployment.set_clock_offset(0);
    let body = "{\"code\": \"NotAuthorizedOrNotFound\", \"message\": \"m\"}";
    for (status, said) in [(404, "missing policy"), (429, "150 calls"), (500, "the model failed")] {
        let body = if status == 404 { body } else { "{}" };
        let answer = || Behaviour::Answer(status, "application/json", body.as_bytes().to_vec());
        // One for the question after its clock, one for the call.
        setup.deployment.behave(answer());
        setup.deployment.behave(answer());
        let done = setup.doctor(&[&setup.url(), "--call", "-"], &[]).await;
        says(&done, &format!("FAIL  call: status {status} "));
        assert!(done.code == 1 && done.stdout.contains(said), "{done:?}");
    }
    setup.deployment.behave(Behaviour::Redirect("https://elsewhere.example/".to_owned()));
    setup.deployment.behave(Behaviour::Redirect("https://elsewhere.example/".to_owned()));
    says(&setup.doctor(&[&setup.url(), "--call", "-"], &[]).await, "FAIL  call: status 302 ");
}

#[tokio::test]
async fn services_are_shown_with_their_operations_and_all_config_is_counted() {
    let setup = Setup::new(Certificate::Valid).await;
    let services = r#"{"files": {"host": "127.0.0.1:4443", "open": ["GET,PUT /a/{}", "POST /b"]},
        "chat": {"service": "inference.generativeai", "region": "xx-nowhere-1", "open": ["@openai-chat"]}}"#;
    let option = format!("ALLOWED_SERVICES={services}");
    let done = setup.doctor(&["--config", &option, "--config", "LOG_LEVEL=debug"], &[]).await;
    assert_eq!(done.code, 1, "{done:?}");
    let shown: Vec<&str> = done.stdout.lines().skip_while(|line| !line.contains("files")).collect();
    let files = ["ok    service files: 127.0.0.1:4443", "      GET,PUT /a/{}", "      POST /b"];
    assert_eq!(shown.get(..3), Some(&files[..]), "{done:?}");
    let host = "inference.generativeai.xx-nowhere-1.oci.oraclecloud.com";
    says(&done, &format!("FAIL  service chat: the function does not connect to {host}: "));
    says(&done, "      POST /openai/v1/chat/completions");
    let bytes = option.len() - 1 + "LOG_LEVELdebug".len();
    says(&done, &format!("ok    config: {bytes} of 4096 bytes"));
    let long = format!("MODEL_DEPLOYMENTS={{\"a\": \"{}\"}}", "x".repeat(4096));
    says(&setup.doctor(&["--config", &long], &[]).await, "FAIL  config: 4");
    let mistake = setup.doctor(&["--config", "ALLOWED_SERVICES={}"], &[]).await;
    says(
        &mistake,
        "FAIL  configuration: the function would not start: ALLOWED_SERVICES has no entry",
    );
    assert_eq!(mistake.stdout.matches("ALLOWED_SERVICES").count(), 1, "{mistake:?}");
}

#[test]
fn every_usual_status_is_explained() {
    for (status, said) in [
        ("401", "the gateway: the gateway does not take the token"),
        ("403", "TargetNotAllowed: "),
        ("403", "CallerNotAllowed: the route does not set the secret"),
        ("408", "RequestTimeout: "),
        ("503", "TooManyCalls: "),
        ("404", "NotAuthorizedOrNotFound: OCI says this for a missing policy too"),
        (
            "404",
            "another service: the policy is missing as often as the path: `generative-ai-response`",
        ),
        ("411", "the model deployment: the request has no `content-length`"),
        ("422", "the model deployment: the model's server does not take this body"),
        ("429", "the model deployment: more than 150 calls"),
        ("431", "the gateway: the request's headers are too large"),
        ("500", "CredentialsUnavailable: "),
        ("502", "DeploymentUnreachable: "),
        ("504", "DeploymentTimedOut: "),
    ] {
        let done = mdfn(&["doctor", "--explain", status], "");
        assert_eq!(done.code, 0, "{done:?}");
        says(&done, said);
    }
    assert_eq!(mdfn(&["doctor", "--explain", "299"], "").code, 2);
}

#[tokio::test]
async fn nothing_is_signed_for_a_name_that_the_function_cannot_connect_to() {
    let setup = Setup::new(Certificate::Valid).await;
    let here = format!("localhost:{}", setup.deployment.port());
    let url = setup.url().replace(&here, "gone.invalid");
    let arguments = [&url, "--config", "ALLOWED_HOSTS=gone.invalid", "--call", "-"];
    let done = setup.doctor(&arguments, &[]).await;
    says(&done, "FAIL  connection: the function does not connect to gone.invalid: ");
    says(&done, "FAIL  call: not made: there is no connection");
}

#[tokio::test]
async fn a_profile_that_cannot_be_used_is_named_with_its_file() {
    let home = tempfile::tempdir().unwrap();
    let (config, key) = (home.path().join("config"), home.path().join("gone.pem"));
    let profile = format!("[TEST]\nuser=a\ntenancy=b\nfingerprint=c\nkey_file={}\n", key.display());
    fs::write(&config, profile).unwrap();
    let file = config.to_str().unwrap();
    let place =
        |name: &str| format!("FAIL  credentials: the profile `{name}` of {file} cannot be used: ");
    for (name, said) in [
        ("NONE", "the configuration file has no profile".to_owned()),
        ("TEST", format!("key_file names a file that cannot be read, {}: ", key.display())),
    ] {
        let vars =
            [("OCI_CLI_AUTH", "api_key"), ("OCI_CONFIG_FILE", file), ("OCI_CLI_PROFILE", name)];
        says(&mdfn_with(&["doctor"], &vars, ""), &(place(name) + &said));
    }
}

#[test]
fn a_deployed_function_is_judged_by_what_it_says_of_itself() {
    let ready = |expires: &str, deployments: &str, offset: &str| {
        format!(
            r#"{{"status":"ok","version":"{}","credentials":{{"source":"resource_principal","expires":"{expires}"}},"region":"eu-frankfurt-1",
                "clock_offset_s":{{{offset}}},"allowed":{{"aliases":1,"deployments":{deployments},"hosts":0,"paths":2}}}}"#,
            env!("CARGO_PKG_VERSION")
        )
    };
    let asked = |body: &str| mdfn(&["doctor", "--deployed", &answering("200 OK", body)], "");
    let done = asked(&ready("2999-01-01T00:00:00Z", "3", ""));
    assert_eq!(
        (done.code, done.stdout.lines().last()),
        (0, Some("6 ok, 0 warn, 0 FAIL")),
        "{done:?}"
    );
    says(&done, "ok    targets: 3 deployments, 1 aliases, 0 further hosts, 2 custom paths");
    let done = asked(&ready("2020-01-01T00:00:00Z", "null", r#""md.example:443":-900"#));
    says(&done, "FAIL  token: it expires at 2020-01-01T00:00:00Z, which has passed");
    says(&done, "warn  targets: every deployment that the policy allows");
    says(&done, "warn  clock: md.example:443 is -900 s ahead of it");
    says(&asked(&ready("soon", "3", "")), "FAIL  token: its end is not a time");
    says(
        &asked("{\"status\":\"ok\"}"),
        "FAIL  answer: status 200, but not the answer of this function",
    );
    let own = r#"{"code":"CredentialsUnavailable","message":"m"}"#;
    let done = mdfn(&["doctor", "--deployed", &answering("503 X", own)], "");
    says(&done, "FAIL  answer: status 503: ");
}

#[tokio::test]
async fn a_configuration_is_judged_by_the_functions_own_reader() {
    let setup = Setup::new(Certificate::Valid).await;
    for (given, said) in [
        ("SSL_CERT_FILE=/nope", "SSL_CERT_FILE names a file that cannot be read"),
        (
            "ALLOWED_DEPLOYMENT=x",
            "ALLOWED_DEPLOYMENT is not a variable of this function; did you mean ALLOWED_DEPLOYMENTS?",
        ),
    ] {
        let done = setup.doctor(&["--config", given], &[]).await;
        assert_eq!(done.code, 1, "{done:?}");
        says(&done, &format!("FAIL  configuration: the function would not start: {said}"));
    }
}
