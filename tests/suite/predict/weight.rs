//! How much memory does a large body cost?

use emulator::deployment::Behaviour;

use crate::setup::{Setup, targeted};

const LARGE: usize = 5 * 1024 * 1024;

#[tokio::test]
async fn a_body_of_5_mib_each_way_passes_with_less_than_24_mb_at_the_peak() {
    let setup = Setup::new().await;
    let function = setup.start().await;
    let large = format!("{{\"data\": [], \"padding\": \"{}\"}}", "x".repeat(LARGE));
    for _ in 0..3 {
        setup.deployment.behave(Behaviour::Answer(200, "application/json", large.clone().into()));
        let answer = function.call(targeted(&setup.url(), large.clone())).await;
        assert_eq!((answer.status, answer.body.len()), (200, large.len()));
    }
    let path = format!("/proc/{}/status", function.pid().unwrap());
    let status = std::fs::read_to_string(path).unwrap();
    let kib = |name: &str| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    // Of the program itself the released one counts, which is not the one under test: it has less than 6 MB.
    let peak = kib("VmHWM:") - kib("RssFile:") + 6_000;
    println!("{peak} KiB at the peak, VmHWM {} KiB", kib("VmHWM:"));
    assert!(peak < 24_000, "{peak} KiB");
}
