//! What a function receives.

use std::time::Duration;

use emulator::agent::Invocation;
use emulator::clock;

use super::{agent, bounded, call, failure, message, misbehave, start};

#[tokio::test]
async fn a_direct_call_has_the_form_that_the_platform_gives_it() {
    let agent = agent("report", "").await;
    let before = clock::rfc3339(clock::now() + Duration::from_secs(30));
    let invocation = Invocation::json("{}")
        .header("xUnDer_Score", "1")
        .header("X-Two", "1")
        .header("x-two", "2")
        .header("Connection", "close")
        .header("Content-Length", "2")
        .header("Host", "example.com")
        .header("Fn-Call-Id", "forged")
        .header("Fn-Http-Method", "GET");
    let answer = bounded(agent.call(invocation)).await;
    let after = clock::rfc3339(clock::now() + Duration::from_secs(30));
    let report = String::from_utf8(answer.body.to_vec()).unwrap();
    let (head, body) = report.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(body, "2\r\n{}\r\n0\r\n\r\n");

    let value =
        |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(value("Fn-Call-Id: ").as_bytes(), answer.header("fn-call-id").unwrap());
    let deadline = value("Fn-Deadline: ");
    assert!(before <= deadline && deadline <= after, "{before} {deadline} {after}");
    assert!(value("Opc-Request-Id: ").starts_with('/'));
    lines.retain(|line| {
        !["Fn-Call-Id", "Fn-Deadline", "Opc-Request-Id"].iter().any(|name| line.starts_with(name))
    });
    assert_eq!(
        lines,
        [
            "POST /call HTTP/1.1",
            "Host: localhost",
            "User-Agent: Go-http-client/1.1",
            "Transfer-Encoding: chunked",
            "Content-Type: application/json",
            "Fn-Http-Method: GET",
            "X-Two: 1",
            "X-Two: 2",
            "Xunder_score: 1",
            "Accept-Encoding: gzip",
        ]
    );
}

#[tokio::test]
async fn a_gateway_call_has_the_clients_headers_prefixed() {
    let agent = agent("report", "").await;
    let invocation =
        Invocation::json("{}").header("model_deployment", "https://x").header("Host", "gw");
    let invocation =
        invocation.header("Fn-Intent", "forged").through_gateway("PUT", "/v1/predict?x=1");
    let answer = bounded(agent.call(invocation)).await;
    let wire = answer.wire.unwrap();
    let report = String::from_utf8(wire.body.to_vec()).unwrap();
    for line in [
        "\r\nContent-Type: application/json\r\n",
        "\r\nFn-Http-H-Content-Type: application/json\r\n",
        "\r\nFn-Http-H-Fn-Intent: forged\r\n",
        "\r\nFn-Http-H-Host: gw\r\n",
        "\r\nFn-Http-H-Model_deployment: https://x\r\n",
        "\r\nFn-Http-Method: PUT\r\n",
        "\r\nFn-Http-Request-Url: /v1/predict?x=1\r\n",
        "\r\nFn-Intent: httprequest\r\n",
    ] {
        assert!(report.contains(line), "{line} in {report}");
    }
}

#[tokio::test]
async fn with_tracing_on_a_call_names_the_platforms_first_span_beside_a_clients_own() {
    let program = misbehave(&["link", "report", ""]).traced("https://collector.example/");
    let agent = start(program).await;
    let direct = Invocation::json("{}");
    let gateway = direct.clone().header("X-B3-TraceId", "1").through_gateway("POST", "/");
    let mut seen = Vec::new();
    for invocation in [direct.clone(), gateway] {
        let answer = bounded(agent.call(invocation)).await;
        let report = String::from_utf8(answer.wire.unwrap().body.to_vec()).unwrap();
        let dispatch = answer.dispatch.unwrap();
        let id = dispatch.trace_id.unwrap();
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(id.len() == 16 && id.bytes().all(hex) && dispatch.from < dispatch.until, "{id}");
        assert!(report.contains(&format!("\r\nX-B3-Spanid: {id}\r\nX-B3-Traceid: {id}\r\n")));
        assert!(!report.contains("Sampled") && !report.contains("Parentspanid"), "{report}");
        assert_eq!(report.contains("\r\nFn-Http-H-X-B3-Traceid: 1\r\n"), seen.len() == 1);
        seen.push(id);
    }
    assert_ne!(seen[0], seen[1]);
    // A direct caller's own trace arrives as it was sent.
    let own = direct.header("X-B3-TraceId", "0af7651916cd43dd").header("X-B3-SpanId", "1");
    let answer = bounded(agent.call(own)).await;
    let report = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(report.contains("\r\nX-B3-Spanid: 1\r\nX-B3-Traceid: 0af7651916cd43dd\r\n"));
    assert_eq!(answer.dispatch.unwrap().trace_id.unwrap(), "0af7651916cd43dd");
}

/// The lines of a call that begin so, as the function got them.
async fn lines(invocation: Invocation, beginning: &str) -> Vec<String> {
    let agent = agent("report", "").await;
    let answer = bounded(agent.call(invocation)).await;
    let report = String::from_utf8(answer.wire.unwrap().body.to_vec()).unwrap();
    let (head, _) = report.split_once("\r\n\r\n").unwrap();
    head.split("\r\n").filter(|line| line.starts_with(beginning)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_direct_callers_user_agent_takes_the_place_of_the_platforms() {
    let call = |agents: &[&str]| {
        let call = Invocation::json("{}");
        agents.iter().fold(call, |call, agent| call.header("user-agent", *agent))
    };
    for (agents, expected) in [
        (&[][..], &["User-Agent: Go-http-client/1.1"][..]),
        (&["curl/8.0"], &["User-Agent: curl/8.0"]),
        (&["curl/8.0", "second"], &["User-Agent: curl/8.0"]),
        (&[""], &[]),
    ] {
        assert_eq!(lines(call(agents), "User-Agent").await, expected);
    }
    let gateway = call(&["curl/8.0"]).through_gateway("POST", "/");
    assert_eq!(lines(gateway.clone(), "User-Agent").await, ["User-Agent: Go-http-client/1.1"]);
    let prefixed = lines(gateway, "Fn-Http-H-User-Agent").await;
    assert_eq!(prefixed, ["Fn-Http-H-User-Agent: curl/8.0"]);
}

#[tokio::test]
async fn a_gateway_call_says_the_length_that_its_client_announced() {
    let call = |body: &'static str| Invocation::json(body).through_gateway("POST", "/");
    for (call, expected) in [
        (call("{}"), &["Fn-Http-H-Content-Length: 2"][..]),
        (call("{}").header("content-length", "2"), &["Fn-Http-H-Content-Length: 2"]),
        (call("").header("Content-Length", "0"), &["Fn-Http-H-Content-Length: 0"]),
        (call(""), &[]),
        (call("{}").header("Transfer-Encoding", "chunked"), &[]),
        (Invocation::json("{}"), &[]),
    ] {
        assert_eq!(lines(call, "Fn-Http-H-Content-Length").await, expected);
    }
}

#[tokio::test]
async fn an_empty_body_has_a_length_and_no_chunks() {
    let agent = agent("report", "").await;
    let answer = bounded(agent.call(Invocation::default())).await;
    let report = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(report.contains("\r\nContent-Length: 0\r\n"), "{report}");
    assert!(!report.contains("Transfer-Encoding") && report.ends_with("\r\n\r\n"), "{report}");
}

#[tokio::test]
async fn a_large_body_arrives_whole_and_in_uneven_pieces_of_up_to_32_kib() {
    let agent = agent("report", "").await;
    let answer = bounded(agent.call(Invocation::json(vec![b'x'; 5_000_000]))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(String::from_utf8_lossy(&answer.body).matches('x').count(), 5_000_000);
    for piece in [&b"\r\n\r\n1000\r\n"[..], b"\r\n8000\r\n", b"\r\n2400\r\n"] {
        assert!(answer.body.windows(piece.len()).any(|bytes| bytes == piece), "{piece:?}");
    }
}

#[tokio::test]
async fn a_body_beyond_6_mib_never_reaches_the_function() {
    let agent = agent("report", "").await;
    let answer = bounded(agent.call(Invocation::json(vec![b'x'; 6 * 1024 * 1024 + 1]))).await;
    let text = "Content-Length too large for this server, 6291457 > max 6291456";
    assert_eq!(message(&answer), failure(413, text, true));
    assert!(!agent.lines().contains(&"called out".to_owned()));
}

#[tokio::test]
async fn a_header_that_http_cannot_carry_is_named() {
    let agent = agent("report", "").await;
    let invocation = Invocation::json("{}").header("X-Bad", "a\nb");
    let answer = bounded(agent.call(invocation)).await;
    let (status, text, kept) = message(&answer);
    assert_eq!((status, kept), (400, true));
    assert!(text.contains("X-Bad"), "{text}");
    assert_eq!(call(&agent).await.status, 200);
}
