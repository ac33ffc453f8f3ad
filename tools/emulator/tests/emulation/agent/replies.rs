//! What the client sees.

use std::time::{Duration, Instant};

use emulator::agent::Invocation;

use super::{
    OK, agent, bounded, call, call_through_gateway, failure, message, misbehave, start, state,
};

#[tokio::test]
async fn a_200_is_passed_on_as_it_is_to_a_direct_caller() {
    let reply = "HTTP/1.1 200 OK\r\nX-Two: 1\r\nX-Two: 2\r\nFn-Http-Status: 404\r\n\
                 Keep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok";
    let answer = call(&agent("reply", reply).await).await;
    assert_eq!((answer.status, &*answer.body), (200, &b"ok"[..]));
    let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-Two", "X-Two", "Fn-Http-Status", "Fn-Call-Id"]);
    let wire = answer.wire.unwrap();
    assert_eq!((wire.status, wire.header("keep-alive").unwrap()), (200, &b"timeout=5"[..]));
}

#[tokio::test]
async fn a_gateways_client_gets_the_status_that_a_header_names() {
    for (value, status, body) in [
        ("404", 404, "ok"),
        ("abc", 200, "ok"),
        ("99", 200, "{\"message\":\"internal server error\"}\n"),
        ("1000", 200, "{\"message\":\"internal server error\"}\n"),
    ] {
        let reply =
            format!("HTTP/1.1 200 OK\r\nFn-Http-Status: {value}\r\nContent-Length: 2\r\n\r\nok");
        let agent = agent("reply", &reply).await;
        let answer = call_through_gateway(&agent).await;
        assert_eq!((answer.status, &*answer.body), (status, body.as_bytes()), "{value}");
        assert!(answer.container_kept);
    }
}

#[tokio::test]
async fn a_502_and_a_504_lose_their_body_and_keep_the_container() {
    for (status, text) in [(502, "function failed"), (504, "Timed out")] {
        let reply = format!("HTTP/1.1 {status} X\r\nX-Own: 1\r\nContent-Length: 6\r\n\r\nsecret");
        let agent = agent("reply", &reply).await;
        for _ in 0..2 {
            let answer = call(&agent).await;
            assert_eq!(message(&answer), failure(status, text, true));
            assert_eq!(answer.header("x-own"), None);
            assert_eq!(answer.wire.unwrap().body, "secret");
        }
        assert_eq!(agent.starts(), 1);
    }
}

#[tokio::test]
async fn any_other_status_kills_the_container() {
    for line in ["201 Created", "204 No Content", "400 Bad Request", "500 Oh", "307 Elsewhere"] {
        let reply = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
        let agent = agent("reply", &reply).await;
        let pid = agent.pid().unwrap();
        for answer in [call(&agent).await, call_through_gateway(&agent).await] {
            assert_eq!(
                message(&answer),
                failure(502, "invalid function response", false),
                "{line}"
            );
        }
        assert_eq!(agent.starts(), 2);
        assert_eq!((agent.pid(), state(pid)), (None, None));
    }
}

#[tokio::test]
async fn no_reply_and_garbage_kill_the_container() {
    for (act, reply) in [("reply-then-close", ""), ("reply", "garbage\r\n\r\n"), ("exit", "")] {
        let agent = agent(act, reply).await;
        let answer = call(&agent).await;
        assert_eq!(
            message(&answer),
            failure(502, "error receiving function response", false),
            "{act}"
        );
        assert_eq!(agent.pid(), None);
    }
}

#[tokio::test]
async fn a_body_cut_short_or_broken_is_500_and_the_container_goes_on() {
    for reply in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n",
    ] {
        let agent = agent("reply-then-close", reply).await;
        for _ in 0..2 {
            let answer = call(&agent).await;
            assert_eq!(message(&answer), failure(500, "internal server error", true));
        }
        assert_eq!(agent.starts(), 1);
    }
}

#[tokio::test]
async fn a_head_beyond_10_mib_kills_the_container() {
    let agent = agent("endless-head", "").await;
    let answer = call(&agent).await;
    assert_eq!(message(&answer), failure(502, "function response header too large", false));
}

#[tokio::test]
async fn a_reply_beyond_6_mib_is_502_and_the_container_goes_on() {
    let agent = agent("endless-body", "").await;
    for _ in 0..2 {
        let answer = call(&agent).await;
        assert_eq!(message(&answer), failure(502, "function response body too large", true));
    }
    assert_eq!(agent.starts(), 1);
}

#[tokio::test]
async fn past_the_deadline_the_container_is_killed() {
    let limit = Duration::from_millis(1200);
    for grace in [Duration::ZERO, Duration::from_millis(500)] {
        let agent = start(misbehave(&["link", "hang"]).timeout(limit).grace(grace)).await;
        let begun = Instant::now();
        let answer = call(&agent).await;
        assert!(begun.elapsed() >= limit + grace);
        assert_eq!(message(&answer), failure(504, "Timed out", false));
        assert_eq!(agent.pid(), None);
    }
}

#[tokio::test]
async fn an_early_reply_counts_if_the_body_is_read_afterwards() {
    let agent = agent("reply-then-read", OK).await;
    for _ in 0..5 {
        let answer = bounded(agent.call(Invocation::json(vec![b'x'; 3_000_000]))).await;
        assert_eq!((answer.status, answer.container_kept), (200, true));
    }
    assert_eq!(agent.starts(), 1);
}

#[tokio::test]
async fn an_early_reply_is_lost_if_the_body_is_never_read() {
    let agent = agent("reply-unread", OK).await;
    let answer = bounded(agent.call(Invocation::json(vec![b'x'; 3_000_000]))).await;
    assert_eq!(message(&answer), failure(502, "error receiving function response", false));
}
