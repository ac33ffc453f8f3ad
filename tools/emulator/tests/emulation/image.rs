//! Is an image run as the platform runs it? `.ci/image` builds one, names it in `FUNCTION_IMAGE`,
//! and runs these.

use std::process::Command;
use std::time::Duration;

use emulator::agent::Invocation;
use emulator::cloud::{Cloud, Function, Plan};
use emulator::deployment::Behaviour;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
const ROW: &str = r#"{"data": [[6.3, 3.3, 6.0, 2.5]]}"#;

fn image() -> String {
    std::env::var("FUNCTION_IMAGE").expect("FUNCTION_IMAGE; run .ci/engine .ci/image")
}

async fn cloud() -> Cloud {
    let function = Function::Image(image());
    timeout(PATIENCE, Cloud::start(Plan::new(function))).await.unwrap().unwrap()
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The containers of the image, whatever their state.
fn containers() -> Vec<String> {
    let filter = format!("ancestor={}", image());
    docker(&["ps", "--all", "--quiet", "--filter", &filter]).lines().map(str::to_owned).collect()
}

fn inspect(container: &str, part: &str) -> Value {
    let format = format!("{{{{json .{part}}}}}");
    serde_json::from_str(&docker(&["inspect", "--format", &format, container])).unwrap()
}

async fn call(cloud: &Cloud, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let invocation = Invocation::json(body.into()).through_gateway("POST", "/models/iris");
    let invocation = invocation.header("model_deployment", cloud.deployment.url("localhost"));
    let answer = timeout(PATIENCE, cloud.agent().unwrap().call(invocation)).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker and an image: .ci/image"]
async fn a_container_has_the_limits_of_the_platform_is_paused_between_calls_and_removed() {
    let cloud = cloud().await;
    let container = containers().pop().unwrap();
    let limits = inspect(&container, "HostConfig");
    for (name, value) in [
        ("ReadonlyRootfs", json!(true)),
        ("CapDrop", json!(["ALL"])),
        ("SecurityOpt", json!(["no-new-privileges"])),
        ("Memory", json!(128 * 1024 * 1024)),
        ("MemorySwap", json!(128 * 1024 * 1024)),
        ("PidsLimit", json!(50)),
        ("Init", json!(true)),
    ] {
        assert_eq!(limits[name], value, "{name}");
    }
    let mut ulimits: Vec<(String, u64)> = limits["Ulimits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|limit| {
            assert_eq!(limit["Hard"], limit["Soft"]);
            (limit["Name"].as_str().unwrap().to_owned(), limit["Hard"].as_u64().unwrap())
        })
        .collect();
    ulimits.sort();
    let expected =
        [("memlock", 65_536), ("msgqueue", 819_200), ("nofile", 350), ("sigpending", 5000)];
    assert_eq!(ulimits, expected.map(|(name, limit)| (name.to_owned(), limit)));
    assert_eq!(inspect(&container, "Config.User"), "1000:1000");

    for _ in 0..2 {
        let (status, answer) = call(&cloud, ROW).await;
        assert_eq!((status, &answer["prediction"]), (200, &json!(["virginica"])), "{answer}");
        let paused = async {
            while inspect(&container, "State.Paused") != true {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, paused).await.unwrap();
    }
    assert_eq!(cloud.agent().unwrap().starts(), 1);
    cloud.stop().await;
    assert!(containers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker and an image: .ci/image"]
async fn the_largest_bodies_fit_into_the_memory_of_the_container() {
    let cloud = cloud().await;
    let padding = 6 * 1024 * 1024 - ROW.len();
    for _ in 0..5 {
        let (status, answer) = call(&cloud, [vec![b' '; padding], ROW.into()].concat()).await;
        assert_eq!((status, cloud.agent().unwrap().starts()), (200, 1), "{answer}");
    }
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker and an image: .ci/image"]
async fn the_container_of_a_caller_who_went_away_is_removed_and_the_next_call_has_a_new_one() {
    let cloud = cloud().await;
    let first = containers();
    cloud.deployment.behave(Behaviour::Hang);
    timeout(Duration::from_secs(1), call(&cloud, ROW)).await.unwrap_err();
    assert!(containers().is_empty());
    assert_eq!(call(&cloud, ROW).await.0, 200);
    assert_ne!(containers(), first);
    cloud.stop().await;
}
