//! What a service asks for by `Retry-After` and `Date`, to how long is waited and how often is tried.
#![no_main]

use std::io::Write;
use std::time::Duration;

use fuzz::cloud::{Deployment, KEY, TOKEN};
use fuzz::secret;
use fuzz::world::{World, now};
use http::Request;
use libfuzzer_sys::fuzz_target;
use oracle_cloud_client::{Client, HttpClient, Principal, RequestOptions, Retry, Roots, Trust};
use tokio::time::Instant;

const RETRY: Retry = Retry::new()
    .attempts(3)
    .first_wait(Duration::from_millis(500))
    .longest_wait(Duration::from_secs(2))
    .statuses(&[429, 503]);
/// What connections and the steps of the clock add to a wait.
const SLACK: f64 = 2.0;

struct Setting {
    world: World,
    deployment: Deployment,
    client: Client,
}

impl Setting {
    fn new() -> Self {
        let (world, (deployment, client)) = World::with(|| async {
            let deployment = Deployment::start().await;
            let roots = tempfile::NamedTempFile::new().expect("there is a place for a file");
            let mut file = roots.as_file();
            file.write_all(deployment.roots().as_bytes()).expect("a file can be written there");
            let roots = Roots::read(roots.path()).expect("the certificate is one");
            let trust = Trust::new(Some(&roots), ["127.0.0.1"]).expect("the host is one");
            let http = HttpClient::new(&trust).expect("its parts fit");
            let vars = |name: &str| match name {
                "OCI_RESOURCE_PRINCIPAL_VERSION" => Some("2.2".to_owned()),
                "OCI_RESOURCE_PRINCIPAL_RPST" => Some(TOKEN.to_owned()),
                "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM" => Some(KEY.to_owned()),
                _ => None,
            };
            let principal = Principal::from_vars(&vars, now()).expect("the token is of the key");
            let client = Client::builder().http(http).now(now).retry(RETRY);
            let client = client.build_as(principal).expect("there are connections");
            (deployment, client)
        });
        Self { world, deployment, client }
    }
}

thread_local! {
    static SETTING: Setting = {
        secret::watch_log();
        Setting::new()
    };
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let (Some(asked), date) = (parts.next(), parts.next().unwrap_or_default()) else { return };
    let fits =
        |text: &[u8]| text.iter().all(|byte| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f);
    if !fits(asked) || !fits(date) {
        return;
    }
    let head = [
        b"HTTP/1.1 503 X\r\ncontent-length: 0\r\nretry-after: ",
        asked,
        b"\r\ndate: ",
        date,
        b"\r\n\r\n",
    ];
    SETTING.with(|Setting { world, deployment, client }| {
        deployment.answer_with(&head.concat(), false);
        let request = Request::get(deployment.url()).body(()).expect("it is a request");
        let (status, waited) = world.run(async {
            let start = Instant::now();
            let options = RequestOptions::default().timeout(Duration::from_secs(30));
            let answer = client.send_with(request, &options).await;
            (answer.expect("there is an answer").status(), start.elapsed().as_secs_f64())
        });
        assert_eq!(status, 503);
        let tries = deployment.requests().len();
        let text = std::str::from_utf8(asked.trim_ascii()).unwrap_or_default();
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = number.then(|| text.parse::<u64>().unwrap_or(u64::MAX));
        // Two waits without a word: 0.5 to 1 s, and 1 to 1.5 s.
        let least: f64 = 1.5;
        // A number makes it more or has the service not asked again; nothing makes it less.
        match seconds {
            Some(asked @ 0..=2) => {
                let asked = Duration::from_secs(2 * asked).as_secs_f64();
                let (from, to) = (least.max(asked), 2.5_f64.max(asked) + SLACK);
                assert!(tries == 3 && (from..to).contains(&waited), "{tries} in {waited}");
            }
            Some(_) => assert!(tries == 1 && waited < SLACK, "{tries} in {waited}"),
            None => {
                let in_time = if tries == 1 { 0.0..SLACK } else { least..4.0 + SLACK };
                assert!(
                    [1, 3].contains(&tries) && in_time.contains(&waited),
                    "{tries} in {waited}"
                );
            }
        }
    });
});
