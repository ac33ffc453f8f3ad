//! The page about the calls, without a script or anything from elsewhere. It answers reading only,
//! and only to a name of this machine: a foreign site that lets its own name point here sees
//! nothing.

mod call;
mod claim;
mod html;
mod list;
mod pieces;
mod sequence;
mod signature;
mod spans;

use std::future::ready;
use std::io;

use emulator::cloud::calls::{Call, Calls};
use emulator::http::{Reply, Server};
use http::header::{HOST, HeaderMap};
use http::uri::Authority;
use http::{Method, Request, Response};
use http_body_util::Full;
use maud::Markup;

use crate::loopback::is_this_machine;

/// A running page on loopback. Dropped, it closes its port.
#[derive(Debug)]
pub struct Page {
    server: Server,
}

impl Page {
    /// Starts on `port` of 127.0.0.1 (0: a free one), showing the calls of the gateway's deployment
    /// at `deployment`, its URL.
    pub async fn start(port: u16, deployment: String, calls: Calls) -> io::Result<Self> {
        let server = Server::start(port, move |request| {
            ready(guarded(&request).unwrap_or_else(|| answer(&request, &deployment, &calls.all())))
        });
        Ok(Self { server: server.await? })
    }

    /// Returns the URL of the list of calls.
    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    /// Returns the URL of the call of this number.
    pub fn call(&self, number: u64) -> String {
        format!("{}calls/{number}", self.url())
    }
}

/// Returns the refusal of a request that is none of a browser of this machine that reads. No body
/// is ever read.
fn guarded<B>(request: &Request<B>) -> Option<Reply> {
    if !is_asked_by_own_name(request.headers()) {
        return Some(reply(
            421,
            &html::message("This page answers only to a name of this machine, such as localhost"),
        ));
    }
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return None;
    }
    let mut refusal = reply(405, &html::message("This page can only be read: GET or HEAD"));
    refusal.headers_mut().insert("allow", http::header::HeaderValue::from_static("GET, HEAD"));
    Some(refusal)
}

fn is_asked_by_own_name(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let authority: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
    authority.is_some_and(|authority| {
        let name = authority.host().trim_matches(['[', ']']);
        !authority.as_str().contains('@') && is_this_machine(name)
    })
}

fn answer<B>(request: &Request<B>, deployment: &str, calls: &[Call]) -> Reply {
    let path = request.uri().path();
    if path == "/" {
        return reply(200, &list::page(deployment, calls));
    }
    let number = path.strip_prefix("/calls/").and_then(|number| number.parse::<u64>().ok());
    let at = calls.iter().position(|call| Some(call.number) == number);
    let at_and_call = at.and_then(|at| Some((at, calls.get(at)?)));
    match at_and_call {
        Some((at, call)) => {
            let earlier = at.checked_sub(1).and_then(|at| calls.get(at));
            reply(200, &call::page(earlier, call, calls.get(at + 1)))
        }
        None => reply(404, &html::message("Page not found, or the request is no longer stored")),
    }
}

fn reply(status: u16, page: &Markup) -> Reply {
    let head = Response::builder()
        .status(status)
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", html::policy())
        .header("cache-control", "no-store")
        .header("cross-origin-resource-policy", "same-origin")
        .header("referrer-policy", "no-referrer")
        .header("x-content-type-options", "nosniff");
    head.body(Full::from(page.0.clone())).expect("status and headers are fixed and valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, hosts: &[&str]) -> Option<u16> {
        let request = Request::builder().method(method);
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        Some(guarded(&request.body(()).unwrap())?.status().as_u16())
    }

    #[test]
    fn a_name_of_another_machine_that_points_here_gets_nothing() {
        for own in ["localhost", "LOCALHOST:8282", "127.0.0.1:8282", "[::1]:8282", "127.0.0.2"] {
            assert_eq!(status("GET", &[own]), None, "{own}");
        }
        for other in ["evil.example", "evil.example:8282", "localhost.evil.example", "10.0.0.1"] {
            assert_eq!(status("GET", &[other]), Some(421), "{other}");
        }
        for unclear in [&[][..], &["localhost", "evil.example"], &["evil@localhost"], &[""]] {
            assert_eq!(status("GET", unclear), Some(421), "{unclear:?}");
        }
    }

    #[test]
    fn the_page_is_read_and_nothing_else() {
        assert_eq!(status("HEAD", &["localhost"]), None);
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"] {
            assert_eq!(status(method, &["localhost"]), Some(405), "{method}");
        }
    }

    #[test]
    fn no_page_may_load_send_or_run_anything() {
        let request = Request::builder().uri("/calls/1").body(()).unwrap();
        let reply = answer(&request, "http://127.0.0.1/models", &[]);
        assert_eq!(reply.status(), 404);
        let policy = reply.headers()["content-security-policy"].to_str().unwrap();
        let (all, style) = policy.split_once("; style-src 'sha256-").unwrap();
        assert_eq!(all, "default-src 'none'");
        assert!(style.ends_with("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
        assert!(!style.contains("unsafe"), "{policy}");
    }
}
