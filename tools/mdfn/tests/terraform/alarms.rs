//! The body of an alarm is what an operator reads first, at night.

use regex::Regex;

use crate::plan::{place, plan};

#[test]
fn every_alarm_says_what_to_look_at_first() {
    let page = std::fs::read_to_string(place("docs/troubleshooting.md")).unwrap();
    assert!(page.contains("\n## By symptom\n"));
    let metrics = std::fs::read_to_string(place("docs/metrics.md")).unwrap();
    let query = Regex::new(r"\b([a-z-]+\.query)").unwrap();
    let status = Regex::new(r"\b([45][0-9]{2})\b").unwrap();
    let plan = plan("everything_watched");
    let alarms = plan.as_object().unwrap().iter().filter_map(|(address, body)| {
        let name = address.strip_prefix("oci_monitoring_alarm.this[\"")?.strip_suffix("\"]")?;
        Some((name, body.as_str().unwrap()))
    });
    assert_eq!(alarms.clone().count(), 7);
    for (name, body) in alarms {
        assert!(body.contains("First ") && body.len() < 1000, "{name}: {body}");
        assert!(body.contains("docs/troubleshooting.md, By symptom"), "{name}: {body}");
        assert!(metrics.contains(&format!("\n| `{name}` | ")), "{name} is not explained");
        for query in query.captures_iter(body) {
            assert!(place("deploy/logging").join(&query[1]).exists(), "{name}: {}", &query[1]);
        }
        for status in status.captures_iter(body) {
            assert!(page.contains(&format!("\n| {}", &status[1])), "{name}: {}", &status[1]);
        }
    }
}
