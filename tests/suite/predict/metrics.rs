//! Do the samples of calls reach OCI Monitoring, signed, and without harm to the calls?

use std::time::{Duration, Instant, SystemTime};

use emulator::agent::{Agent, Invocation, Program};
use emulator::deployment::{Behaviour, OCID};
use emulator::monitoring::{Answering, Monitoring};
use serde_json::Value;

use crate::pages::{names, table};
use crate::setup::{ROW, Setup, targeted, thrice};

/// For a machine that does other things as well.
const MARGIN: Duration = Duration::from_secs(1);

async fn measured(setup: &Setup) -> (Monitoring, Program) {
    let monitoring = Monitoring::start(setup.issuer.clone(), &setup.authority).await.unwrap();
    let allowed = setup.program.config["ALLOWED_HOSTS"].clone();
    let host = monitoring.url().trim_start_matches("https://").to_owned();
    let program = setup.program.clone().config("ALLOWED_HOSTS", format!("{allowed},{host}"));
    let program = program
        .config("METRICS_NAMESPACE", "model_deployment_fn")
        .config("METRICS_ENDPOINT", monitoring.url());
    (monitoring, program)
}

/// The points of a metric with these dimensions.
fn values(taken: &[Value], name: &str, status: &str) -> Vec<f64> {
    let streams = taken
        .iter()
        .filter(|metric| metric["name"] == name && metric["dimensions"]["status"] == status);
    let points = streams.flat_map(|metric| metric["datapoints"].as_array().unwrap());
    points.map(|point| point["value"].as_f64().unwrap()).collect()
}

async fn status(function: &Agent, call: Invocation) -> u16 {
    function.call(call).await.status
}

#[tokio::test]
async fn the_first_call_is_posted_at_once_and_those_after_it_together() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (monitoring, program) = measured(&setup).await;
        let function = Agent::start(program).await.unwrap();
        assert_eq!(status(&function, setup.call()).await, 200);
        let first = monitoring.taken();
        assert_eq!(first.len(), 4, "{:?}", monitoring.refused());
        for metric in &first {
            assert_eq!(metric["namespace"], "model_deployment_fn");
            assert!(metric["compartmentId"].as_str().unwrap().starts_with("ocid1.compartment."));
            let dimensions = &metric["dimensions"];
            assert_eq!(
                (&dimensions["function"], &dimensions["code"]),
                (&"func".into(), &"none".into())
            );
            assert_eq!(dimensions["deployment"], OCID);
        }
        assert_eq!(values(&first, "calls", "200"), [1.0]);
        assert_eq!(values(&first, "errors", "200"), [0.0]);
        let (took, waited) =
            (values(&first, "duration_ms", "200"), values(&first, "wait_ms", "200"));
        assert!(took[0] > waited[0] && waited[0] > 0.0, "{took:?} {waited:?}");

        // Nothing more for 10 s or 500 calls, however many dimensions they have.
        let begin = Instant::now();
        assert_eq!(status(&function, targeted("https://evil.example/", ROW)).await, 403);
        for status in 510..520 {
            setup.deployment.behave(Behaviour::Reply(status, Vec::new(), b"{}".to_vec()));
            self::status(&function, setup.call()).await;
        }
        let mut calls = 11;
        while calls < 500 && monitoring.taken().len() == 4 {
            assert_eq!(status(&function, setup.call()).await, 200);
            calls += 1;
        }
        assert!(calls == 500 || begin.elapsed() >= Duration::from_secs(9), "{calls}");
        let taken = monitoring.taken().split_off(4);
        assert_eq!(taken.len(), 48, "{:?}", monitoring.refused());
        let posted = |name| {
            let points = taken.iter().filter(|metric| metric["name"] == name);
            points.map(|metric| metric["datapoints"].as_array().unwrap().len()).sum::<usize>()
        };
        assert!(posted("calls") > 11 && posted("calls") == posted("wait_ms"));
        assert_eq!(
            (values(&taken, "errors", "403"), values(&taken, "errors", "511")),
            (vec![0.0], vec![1.0])
        );
        let refused = taken.iter().find(|metric| metric["dimensions"]["status"] == "403").unwrap();
        assert_eq!(refused["dimensions"]["code"], "TargetNotAllowed");
        assert_eq!(refused["dimensions"]["deployment"], "none");
        let other = taken.iter().find(|metric| metric["dimensions"]["status"] == "other").unwrap();
        assert_eq!(
            (&other["dimensions"]["code"], &other["dimensions"]["deployment"]),
            (&"other".into(), &"other".into())
        );
        assert_eq!(monitoring.refused(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_page_explains_every_metric_with_its_unit_and_every_dimension_and_no_other() {
    thrice(|| async {
        let page = "docs/metrics.md";
        let setup = Setup::new().await;
        let (monitoring, program) = measured(&setup).await;
        let function = Agent::start(program).await.unwrap();
        assert_eq!(status(&function, setup.call()).await, 200);
        let taken = monitoring.taken();
        let posted: Vec<(String, String)> = taken
            .iter()
            .map(|metric| {
                let unit = metric["metadata"]["unit"].as_str().unwrap().to_owned();
                (format!("`{}`", metric["name"].as_str().unwrap()), unit)
            })
            .collect();
        let rows = table(page, "## Metrics");
        let explained: Vec<_> = rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        assert_eq!(posted, explained);
        for metric in &taken {
            let dimensions = metric["dimensions"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(names(page, "these dimensions:"), dimensions);
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_that_takes_no_figures_costs_half_a_second_at_most_and_no_call() {
    thrice(|| async {
        let setup = Setup::new().await;
        for (answering, said, least) in [
            (Answering::Error(404), "status 404", 0),
            (Answering::AllBut(3), "refused 3 of", 0),
            (Answering::Hang, "it did not answer in time", 500),
        ] {
            let (monitoring, program) = measured(&setup).await;
            monitoring.answer_by(answering);
            let function = Agent::start(program).await.unwrap();
            let begin = Instant::now();
            assert_eq!(status(&function, setup.call()).await, 200);
            let took = begin.elapsed();
            let limit = Duration::from_millis(500) + MARGIN;
            assert!(took >= Duration::from_millis(least) && took < limit, "{took:?} {answering:?}");
            // Nothing is asked of it again for a while.
            let begin = Instant::now();
            assert_eq!(status(&function, setup.call()).await, 200);
            assert!(begin.elapsed() < MARGIN, "{answering:?}");
            let lines = function.lines().join("\n");
            assert_eq!(lines.matches(said).count(), 1, "{answering:?}: {lines}");
            assert_eq!(monitoring.taken().len(), 4, "{:?}", monitoring.refused());
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_namespace_nothing_is_posted() {
    let setup = Setup::new().await;
    let (monitoring, program) = measured(&setup).await;
    let function = Agent::start(program.config("METRICS_NAMESPACE", "")).await.unwrap();
    assert_eq!(status(&function, setup.call()).await, 200);
    assert_eq!((monitoring.taken().len(), monitoring.refused().len()), (0, 0));
}

#[tokio::test]
async fn figures_are_dated_by_the_machine_whatever_the_clock_of_a_deployment_says() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (monitoring, program) = measured(&setup).await;
        let function = Agent::start(program).await.unwrap();
        let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(3 * 3600));
        let headers = vec![("date".to_owned(), date)];
        setup.deployment.behave(Behaviour::Reply(401, headers, b"{}".to_vec()));
        setup.deployment.behave(Behaviour::Reply(200, Vec::new(), b"{}".to_vec()));
        assert_eq!(status(&function, setup.call()).await, 200);
        let taken = monitoring.taken();
        assert_eq!(taken.len(), 4, "{:?}", monitoring.refused());
        for metric in &taken {
            let at = metric["datapoints"][0]["timestamp"].as_str().unwrap();
            let at = SystemTime::from(chrono::DateTime::parse_from_rfc3339(at).unwrap());
            let old = SystemTime::now().duration_since(at).unwrap_or_default();
            assert!(old < Duration::from_secs(60), "{metric}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_word_that_the_figures_were_taken() {
    thrice(|| async {
        let setup = Setup::new().await;
        // Whatever is called there, it does not answer as Monitoring does.
        let program = setup.program.clone().config("METRICS_NAMESPACE", "model_deployment_fn");
        let endpoint = format!("https://localhost:{}", setup.deployment.port());
        let function = Agent::start(program.config("METRICS_ENDPOINT", endpoint)).await.unwrap();
        setup.deployment.behave(Behaviour::Reply(200, Vec::new(), b"{}".to_vec()));
        let html = b"<html>captive portal</html>".to_vec();
        setup.deployment.behave(Behaviour::Reply(200, Vec::new(), html));
        assert_eq!(status(&function, setup.call()).await, 200);
        assert_eq!(setup.deployment.received().len(), 2);
        let lines = function.lines().join("\n");
        assert!(lines.contains("metrics of calls were not posted"), "{lines}");
        assert!(!lines.contains("captive"), "{lines}");
    })
    .await;
}
