//! The configuration file of the OCI CLI, to the user or the session that signs.
#![no_main]

use std::sync::LazyLock;

use fuzz::cloud::{KEY, TOKEN};
use fuzz::secret;
use fuzz::world::{World, now};
use libfuzzer_sys::fuzz_target;
use oracle_cloud_client::Principal;
use tempfile::TempDir;

static DIRECTORY: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("there is a place for files"));

thread_local! {
    static WORLD: World = World::with(|| async {}).0;
}

/// Whether a line of the file gives a setting this value.
fn says(text: &str, setting: &str, value: &str) -> bool {
    text.lines()
        .filter_map(|line| line.split_once(['=', ':']))
        .any(|(name, own)| name.trim().eq_ignore_ascii_case(setting) && own.trim() == value)
}

fuzz_target!(|input: &[u8]| {
    let [choice, text @ ..] = input else { return };
    let (config, token) = (DIRECTORY.path().join("config"), DIRECTORY.path().join("token"));
    std::fs::write(&config, text).expect("a file can be written there");
    std::fs::write(&token, TOKEN).expect("a file can be written there");
    let session = choice & 1 != 0;
    // Key and token come from elsewhere: the file could name any file of this machine.
    let var = |name: &str| match name {
        "OCI_CONFIG_FILE" => Some(config.display().to_string()),
        "OCI_CLI_AUTH" => Some(if session { "security_token" } else { "api_key" }.to_owned()),
        "OCI_CLI_PROFILE" if choice & 2 != 0 => Some("OTHER".to_owned()),
        "OCI_CLI_KEY_CONTENT" => Some(KEY.to_owned()),
        "OCI_CLI_SECURITY_TOKEN_FILE" => Some(token.display().to_string()),
        _ => None,
    };
    let principal = match Principal::from_vars(&var, now()) {
        Ok(principal) => principal,
        Err(error) => return secret::kept_by(&error),
    };
    // A comment may be of any encoding, and a line end of any system.
    let text = &String::from_utf8_lossy(text).replace('\r', "\n");
    let credentials = WORLD.with(|world| world.run(principal.credentials(now())));
    let credentials = credentials.expect("they are there");
    secret::kept(&format!("{credentials:?}"));
    let key_id = credentials.key_id().expose();
    if session {
        assert_eq!(
            (principal.source(), key_id),
            ("security_token", format!("ST${TOKEN}").as_str())
        );
        return;
    }
    assert_eq!(principal.source(), "api_key");
    assert!(key_id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'), "{key_id:?}");
    // All of it is written in the file, whatever a slash may stand in.
    let places: Vec<usize> = key_id.match_indices('/').map(|(at, _)| at).collect();
    let found = places.iter().enumerate().any(|(number, &first)| {
        places[number + 1..].iter().any(|&second| {
            says(text, "tenancy", &key_id[..first])
                && says(text, "user", &key_id[first + 1..second])
                && says(text, "fingerprint", &key_id[second + 1..])
        })
    });
    assert!(found, "{key_id:?}");
});
