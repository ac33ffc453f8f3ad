//! Are the spans of a call where the platform says, in order and in time, and does no collector harm a call?

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use emulator::agent::{Agent, Invocation, Program};
use emulator::collector::{Behaviour, Collector, Kind, Span};
use emulator::deployment::{self, Certificate, OCID};
use serde_json::Value;

use crate::pages::{quoted, table};
use crate::setup::{GRACE, ROW, Setup, header, targeted, thrice};

const TRACE: &str = "5b8aa5a2d2c872e8";
const PARENT: &str = "00f067aa0ba902b7";
/// The stated limit, and a margin for a machine that does other things as well.
const LIMIT: Duration = Duration::from_millis(500);
const MARGIN: Duration = Duration::from_secs(1);

async fn traced(setup: &Setup) -> (Collector, Program) {
    let collector = Collector::start(&setup.authority, Certificate::Valid).await.unwrap();
    let program = setup.program.clone().config("LOG_FORMAT", "json");
    let program = program.config("OCI_TRACING_ENABLED", "1");
    let program = program.config("OCI_TRACE_COLLECTOR_URL", collector.url("localhost"));
    (collector, program)
}

/// A call as the platform marks it.
fn marked(call: Invocation) -> Invocation {
    platform(platform(call, "X-B3-TraceId", TRACE), "X-B3-SpanId", PARENT)
}

/// A header of the platform's own, which a gateway does not wrap.
fn platform(mut call: Invocation, name: &str, value: &str) -> Invocation {
    call.platform.push((name.to_owned(), value.as_bytes().to_vec()));
    call
}

/// The spans of the only request that the collector got.
fn spans(collector: &Collector) -> Vec<Span> {
    let received = collector.received();
    assert_eq!(received.len(), 1, "{received:?}");
    received[0].spans.clone().unwrap()
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name.as_deref() == Some(name)).collect()
}

fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let named = named(spans, name);
    assert_eq!(named.len(), 1, "{name}: {spans:?}");
    named[0]
}

fn end(span: &Span) -> u64 {
    span.timestamp.unwrap() + span.duration.unwrap()
}

/// The lines of the log, but for that of the start.
fn lines(function: &Agent) -> Vec<Value> {
    let lines = function.lines();
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line.get("call").is_some()).collect()
}

#[tokio::test]
async fn a_call_is_a_span_below_the_platform_s_with_its_parts_below_it() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (collector, program) = traced(&setup).await;
        let function = Agent::start(program).await.unwrap();
        let before = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let answer = function.call(marked(setup.call())).await;
        let after = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
        assert_eq!(answer.status, 200);
        // They were there before the answer was.
        let spans = spans(&collector);
        let names: Vec<_> = spans.iter().filter_map(|span| span.name.as_deref()).collect();
        assert_eq!(names, ["call", "check", "predict", "sign", "connect"]);
        let [call, check, predict, sign, connect] =
            ["call", "check", "predict", "sign", "connect"].map(|name| one(&spans, name));
        assert_eq!((call.kind, predict.kind), (Some(Kind::Server), Some(Kind::Client)));
        for (span, parent) in [
            (call, PARENT),
            (check, &call.id),
            (predict, &call.id),
            (sign, &predict.id),
            (connect, &predict.id),
        ] {
            assert_eq!(span.trace_id, TRACE);
            assert_eq!(span.parent_id.as_deref(), Some(parent), "{span:?}");
            let service = span.local_endpoint.as_ref().and_then(|at| at.service_name.as_deref());
            assert_eq!(service, Some("emulated::func"));
            assert!(u128::from(span.timestamp.unwrap()) + 1 >= before, "{span:?}");
            assert!(u128::from(end(span)) <= after, "{span:?}");
        }
        let order = [call, check, predict, connect].map(|span| span.timestamp.unwrap());
        assert!(order.is_sorted() && end(check) <= predict.timestamp.unwrap() + 1, "{spans:?}");
        assert!(end(sign) <= connect.timestamp.unwrap() + 1, "{spans:?}");
        assert!(end(connect) <= end(predict) + 1 && end(predict) <= end(call) + 1, "{spans:?}");
        let id = String::from_utf8(answer.header("fn-call-id").unwrap().to_vec()).unwrap();
        let expected = [
            ("appID", "ocid1.fnapp.oc1..emulated"),
            ("appName", "emulated"),
            ("callID", &id),
            ("deployment", OCID),
            ("fnID", &call.tags["fnID"]),
            ("fnName", "func"),
            ("generatedBy", "faas"),
            ("http.path", "/predict"),
            ("http.status_code", "200"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(call.tags, BTreeMap::from(expected));
        assert_eq!(predict.tags["tries"], "1");
        assert_eq!(
            (&predict.tags["deployment"][..], &predict.tags["http.status_code"][..]),
            (OCID, "200")
        );
        assert_eq!(lines(&function)[0]["trace_id"], TRACE);

        // The deployment goes on below the span that called it.
        let received = setup.deployment.received().pop().unwrap().request;
        for (name, value) in [
            ("traceparent", format!("00-0000000000000000{TRACE}-{}-01", predict.id)),
            ("x-b3-traceid", TRACE.to_owned()),
            ("x-b3-spanid", predict.id.clone()),
            ("x-b3-parentspanid", call.id.clone()),
            ("x-b3-sampled", "1".to_owned()),
        ] {
            assert_eq!(received.text(name), Some(value.as_str()), "{name}");
        }
        assert!(setup.deployment.received()[0].verdict.is_ok());
    })
    .await;
}

#[tokio::test]
async fn every_try_has_its_signature_and_a_failure_its_code() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (collector, program) = traced(&setup).await;
        let function =
            Agent::start(program.timeout(Duration::from_secs(3)).grace(GRACE)).await.unwrap();
        setup.deployment.behave(deployment::Behaviour::Busy(503, "0".to_owned()));
        assert_eq!(function.call(marked(setup.call())).await.status, 200);
        let tried = spans(&collector);
        assert_eq!(named(&tried, "sign").len(), 2, "{tried:?}");
        assert_eq!(one(&tried, "predict").tags["tries"], "2");

        assert_eq!(function.call(marked(targeted("https://evil.example/", ROW))).await.status, 403);
        let refused = collector.received().pop().unwrap().spans.unwrap();
        let names: Vec<_> = refused.iter().filter_map(|span| span.name.as_deref()).collect();
        assert_eq!(names, ["call", "check"]);
        let tags = &one(&refused, "call").tags;
        assert_eq!(
            (&tags["error"][..], &tags["http.status_code"][..]),
            ("TargetNotAllowed", "403")
        );
        assert_eq!(tags.get("deployment"), None);

        // The spans of a call that came to its deadline are those that an operator looks for; a machine that does other things as well
        // may be too slow for the 100 ms that are left.
        let before = collector.received().len();
        for _ in 0..3 {
            setup.deployment.behave(deployment::Behaviour::Hang);
            assert_eq!(function.call(marked(setup.call())).await.status, 504);
            if collector.received().len() > before {
                break;
            }
        }
        let late = collector.received().split_off(before)[0].spans.clone().unwrap();
        assert_eq!(one(&late, "predict").tags["error"], "DeploymentTimedOut");

        // One for which the collector had too little time is no reason to leave it alone.
        collector.behave(Behaviour::Slow(Duration::from_millis(300)));
        setup.deployment.behave(deployment::Behaviour::Hang);
        assert_eq!(function.call(marked(setup.call())).await.status, 504);
        let before = collector.received().len();
        assert_eq!(function.call(marked(setup.call())).await.status, 200);
        assert_eq!(collector.received().len(), before + 1, "{:?}", function.lines());
    })
    .await;
}

#[tokio::test]
async fn a_page_explains_every_tag_with_its_spans_and_no_other() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (collector, program) = traced(&setup).await;
        let function = Agent::start(program).await.unwrap();
        // An error of the model has all tags.
        setup.deployment.behave(deployment::Behaviour::Reply(501, Vec::new(), b"{}".to_vec()));
        assert_eq!(function.call(marked(setup.call())).await.status, 501);
        let spans = spans(&collector);
        let tags = spans.iter().flat_map(|span| {
            let name = span.name.clone().unwrap();
            span.tags.keys().map(move |tag| (tag.clone(), name.clone()))
        });
        let sent: BTreeSet<(String, String)> = tags.collect();
        let rows = table("docs/metrics.md", "## Traces");
        let explained = rows.iter().flat_map(|row| {
            let spans: Vec<String> = quoted(&row[1]).collect();
            quoted(&row[0])
                .flat_map(move |tag| spans.clone().into_iter().map(move |span| (tag.clone(), span)))
        });
        assert_eq!(sent, explained.collect());
    })
    .await;
}

#[tokio::test]
async fn a_refused_call_took_no_longer_to_check_because_the_collector_hangs() {
    let setup = Setup::new().await;
    let (collector, program) = traced(&setup).await;
    collector.behave(Behaviour::Hang);
    let function = Agent::start(program).await.unwrap();
    assert_eq!(function.call(marked(targeted("https://evil.example/", ROW))).await.status, 403);
    let line = lines(&function).pop().unwrap();
    let [check, report, ms] =
        ["check_ms", "report_ms", "ms"].map(|name| line[name].as_f64().unwrap());
    assert!(report >= 500.0 && check + report <= ms + 0.05, "{line}");
}

#[tokio::test]
async fn a_trace_begins_with_its_caller_or_here_and_only_what_is_wanted_is_sent() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (collector, program) = traced(&setup).await;
        let function = Agent::start(program.clone()).await.unwrap();
        let long = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{long}-{PARENT}-01");
        let call = header(header(setup.call(), "traceparent", &parent), "tracestate", "a=b");
        assert_eq!(function.call(call).await.status, 200);
        let root = one(&collector.trace(long), "call").clone();
        assert_eq!(root.parent_id.as_deref(), Some(PARENT));
        let received = || setup.deployment.received().pop().unwrap().request;
        assert_eq!(received().text("tracestate"), Some("a=b"));

        // What the caller says of another trace than the platform's goes no further.
        let call = header(header(setup.call(), "traceparent", &parent), "tracestate", "a=b");
        let call = header(call, "b3", &format!("{long}-{PARENT}-0"));
        assert_eq!(function.call(marked(call)).await.status, 200);
        let request = received();
        assert_eq!((request.text("tracestate"), request.text("b3")), (None, None));
        assert_eq!(request.text("x-b3-traceid"), Some(TRACE));

        assert_eq!(function.call(setup.call()).await.status, 200);
        let own = collector.received().pop().unwrap().spans.unwrap();
        let root = one(&own, "call");
        assert_eq!((root.trace_id.len(), root.parent_id.as_deref()), (32, None));

        let (sent, call) =
            (collector.received().len(), platform(setup.call(), "X-B3-Sampled", "0"));
        assert_eq!(function.call(marked(call)).await.status, 200);
        assert_eq!(collector.received().len(), sent);
        let request = received();
        assert_eq!(request.text("x-b3-sampled"), Some("0"));
        assert!(request.text("traceparent").unwrap().ends_with("-00"));

        // Debug goes on as debug.
        assert_eq!(
            function.call(marked(platform(setup.call(), "X-B3-Flags", "1"))).await.status,
            200
        );
        let request = received();
        assert_eq!((request.text("x-b3-flags"), request.text("x-b3-sampled")), (Some("1"), None));
        assert!(collector.received().pop().unwrap().spans.unwrap().iter().all(|span| span.debug));
    })
    .await;
}

#[tokio::test]
async fn without_tracing_nothing_is_sent_and_a_caller_s_headers_pass_as_they_came() {
    let setup = Setup::new().await;
    let (collector, program) = traced(&setup).await;
    let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{PARENT}-01");
    let said = [("traceparent", parent.as_str()), ("tracestate", "a=b"), ("x-b3-traceid", TRACE)];
    for (name, value) in [
        ("OCI_TRACING_ENABLED", "0"),
        ("OCI_TRACE_COLLECTOR_URL", ""),
        ("OCI_TRACE_COLLECTOR_URL", "http://localhost/"),
        ("OCI_TRACE_COLLECTOR_URL", "no address"),
    ] {
        let function = Agent::start(program.clone().config(name, value)).await.unwrap();
        let call = said.iter().fold(setup.call(), |call, (name, value)| header(call, name, value));
        assert_eq!(function.call(call).await.status, 200, "{name}={value}");
        let request = setup.deployment.received().pop().unwrap().request;
        for (name, value) in said {
            assert_eq!(request.text(name), Some(value));
        }
        let warned = function.lines().iter().any(|line| line.contains("tracing is off"));
        assert_eq!(warned, name == "OCI_TRACE_COLLECTOR_URL" && !value.is_empty(), "{value}");
        let [line] = &lines(&function)[..] else { panic!("{:?}", function.lines()) };
        assert_eq!(line.get("trace_id"), None, "{line}");
    }
    assert_eq!((collector.received().len(), collector.connections()), (0, 0));
}

#[tokio::test]
async fn a_collector_that_hangs_refuses_resets_or_is_gone_costs_no_call_and_half_a_second_at_most()
{
    thrice(|| async {
        let setup = Setup::new().await;
        for (behaviour, said) in [
            (Some(Behaviour::Hang), "it did not answer in time"),
            (Some(Behaviour::Slow(Duration::from_secs(20))), "it did not answer in time"),
            (Some(Behaviour::Refuse), "refused the spans with status 503"),
            (Some(Behaviour::Reset), "its answer broke off"),
            (None, "it could not be reached"),
        ] {
            let (collector, program) = traced(&setup).await;
            match behaviour {
                Some(behaviour) => collector.behave(behaviour),
                None => collector.close().await,
            }
            let function = Agent::start(program).await.unwrap();
            for number in 0..3 {
                let begin = Instant::now();
                assert_eq!(function.call(marked(setup.call())).await.status, 200, "{behaviour:?}");
                let (took, limit) =
                    (begin.elapsed(), if number == 0 { LIMIT } else { Duration::ZERO });
                assert!(took < limit + MARGIN, "{behaviour:?}: call {number} took {took:?}");
            }
            // It is asked once, and then left alone.
            assert!(
                collector.received().len() <= 1 && collector.connections() <= 1,
                "{behaviour:?}"
            );
            let lines = lines(&function);
            let warnings: Vec<_> = lines.iter().filter(|line| line["level"] == "warn").collect();
            let [warning] = &warnings[..] else { panic!("{behaviour:?}: {lines:?}") };
            assert!(
                warning["message"].as_str().unwrap().contains(said),
                "{behaviour:?}: {warning}"
            );
            assert!(lines.iter().all(|line| !line.to_string().contains(collector.data_key())));
            let reported = lines[1]["report_ms"].as_f64().unwrap();
            let limit = (LIMIT + MARGIN).as_secs_f64() * 1000.0;
            assert!(reported > 0.0 && reported < limit, "{}", lines[1]);
            assert_eq!(lines.len(), 4, "{lines:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_is_slow_delays_a_call_by_as_much_and_never_beyond_its_deadline() {
    thrice(|| async {
        let setup = Setup::new().await;
        let (collector, program) = traced(&setup).await;
        collector.behave(Behaviour::Slow(Duration::from_millis(150)));
        let function =
            Agent::start(program.timeout(Duration::from_secs(2)).grace(GRACE)).await.unwrap();
        assert_eq!(function.call(marked(setup.call())).await.status, 200);
        assert!(lines(&function)[0]["report_ms"].as_f64().unwrap() >= 150.0);
        assert!(collector.received()[0].spans.is_ok());

        // Half a second is not left of a call that waited to its end: its answer is there in time all the same, and its line.
        // One of three at the least, where the machine does other things as well.
        let mut in_time = false;
        for _ in 0..3 {
            collector.behave(Behaviour::Hang);
            setup.deployment.behave(deployment::Behaviour::Hang);
            let answer = function.call(marked(setup.call())).await;
            assert!(answer.status == 504 && answer.container_kept, "{answer:?}");
            let line = lines(&function).pop().unwrap();
            assert_eq!(line["code"], "DeploymentTimedOut", "{line}");
            in_time |= line["left_ms"].as_f64().unwrap() > 0.0;
            if in_time {
                break;
            }
        }
        assert!(in_time, "{:?}", lines(&function));
    })
    .await;
}
