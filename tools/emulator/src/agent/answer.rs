//! The function's reply on its socket, and the client's view of it.

use std::time::Instant;

use hyper::body::Bytes;

use super::failure::Failure;
use super::headers::{HTTP_HEADER, canonical, is_hop_by_hop};
use super::request::Intent;

/// What the caller of a detached call gets at once.
const ACCEPTED: u16 = 202;
/// The only statuses that the platform knows on the socket.
pub(super) const SUCCESS: u16 = 200;
const FAILURE: u16 = 502;
const TIMEOUT: u16 = 504;

/// A reply exactly as it was on the socket, but for the framing of its body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WireReply {
    /// The status: 200, 502 and 504 are the only ones that the platform knows.
    pub status: u16,
    /// All headers, those of the platform too, in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. The platform never reads that of a 502 or 504: it is here for tests.
    pub body: Bytes,
}

/// What the client sees of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The status for the client.
    pub status: u16,
    /// The headers for the client, in Go's spelling. The sender frames the answer itself.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body for the client.
    pub body: Bytes,
    /// What was on the socket; `None` if there was no whole reply.
    pub wire: Option<WireReply>,
    /// Whether the container takes the next call; otherwise it was killed.
    pub container_kept: bool,
    /// When the container had the call; `None` if none ever had.
    pub dispatch: Option<Dispatch>,
}

/// The time in which a container was at work on a call, and on no other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dispatch {
    /// The trace of the call, as the function received it.
    pub trace_id: Option<String>,
    /// When the container got it.
    pub from: Instant,
    /// When it had replied, or was given up.
    pub until: Instant,
}

impl WireReply {
    /// Returns the first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first(&self.headers, name)
    }
}

impl Answer {
    /// Returns the first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first(&self.headers, name)
    }

    /// Returns the answer to a caller who does not wait: the id of the call, and no body.
    pub(super) fn accepted(call_id: &str) -> Self {
        Self::success(ACCEPTED, vec![fn_call_id(call_id)], Bytes::new())
    }

    /// Returns the answer to a caller whose call was replied to.
    pub(super) fn replied(wire: WireReply, intent: &Intent, call_id: &str) -> Self {
        let failure = match wire.status {
            SUCCESS => None,
            FAILURE => Some(Failure::Function),
            TIMEOUT => Some(Failure::FunctionTimedOut),
            _ => Some(Failure::InvalidStatus),
        };
        let answer = match (failure, intent) {
            (Some(failure), _) => Self::failed(failure, call_id),
            (None, Intent::Direct) => Self::direct(&wire, call_id),
            (None, Intent::Gateway { .. }) => Self::gateway(&wire, call_id),
        };
        Self { wire: Some(wire), ..answer }
    }

    /// Returns the answer to a caller whose call failed: nothing of the function's own.
    pub(super) fn failed(failure: Failure, call_id: &str) -> Self {
        let mut answer = Self::message(failure.status().as_u16(), &failure.message(), call_id);
        answer.container_kept = failure.keeps_container();
        answer
    }

    /// Returns an answer of the platform itself.
    pub(super) fn message(status: u16, message: &str, call_id: &str) -> Self {
        let body = format!("{}\n", serde_json::json!({ "message": message }));
        let content_type = ("Content-Type".into(), b"application/json; charset=utf-8".to_vec());
        Self {
            status,
            headers: vec![content_type, fn_call_id(call_id)],
            body: body.into(),
            wire: None,
            container_kept: true,
            dispatch: None,
        }
    }

    /// Returns all headers as they are, but for those of the connection.
    fn direct(wire: &WireReply, call_id: &str) -> Self {
        let own = wire.headers.iter().filter(|(name, value)| !is_framing(name, value));
        let headers =
            own.map(|(name, value)| (canonical(name), value.clone())).chain([fn_call_id(call_id)]);
        Self::success(SUCCESS, headers.collect(), wire.body.clone())
    }

    /// Returns the HTTP reply that the headers describe: only what has the prefix, and the content
    /// type. What is about the connection becomes the framing of the answer; with a length that is
    /// not the body's the client gets no body.
    ///
    /// A function that sends its content type in both forms gets both here, as the platform takes
    /// either by chance.
    /// Source: docs/spec/fn-container-contract.md#gateway-response.
    fn gateway(wire: &WireReply, call_id: &str) -> Self {
        let status = match wire
            .header("fn-http-status")
            .map_or(GatewayStatus::Usual, GatewayStatus::parse)
        {
            GatewayStatus::Usual => 200,
            GatewayStatus::Own(status) => status,
            GatewayStatus::Impossible => {
                return Self::message(200, "internal server error", call_id);
            }
        };
        let headers = wire.headers.iter().filter_map(|(name, value)| {
            let shown = match name.strip_prefix(&HTTP_HEADER.to_ascii_lowercase()) {
                Some(name) if is_framing(name, value) => return None,
                Some(name) if !name.is_empty() => name,
                None if name == "content-type" && status != 304 => name,
                Some(_) | None => return None,
            };
            Some((canonical(shown), value.clone()))
        });
        let length = wire.header("fn-http-h-content-length");
        let fits = length.is_none_or(|length| *length == *wire.body.len().to_string().as_bytes());
        let bodyless = matches!(status, 101 | 204 | 304) || !fits;
        let body = if bodyless { Bytes::new() } else { wire.body.clone() };
        Self::success(status, headers.chain([fn_call_id(call_id)]).collect(), body)
    }

    fn success(status: u16, headers: Vec<(String, Vec<u8>)>, body: Bytes) -> Self {
        let (wire, dispatch) = (None, None);
        Self { status, headers, body, wire, container_kept: true, dispatch }
    }
}

/// What `Fn-Http-Status` comes to, by the rules of the platform's own parser.
enum GatewayStatus {
    /// No number, no positive one, or an interim status, which is followed by 200. But 101 is
    /// final.
    Usual,
    Own(u16),
    /// A number that no status line can hold.
    Impossible,
}

impl GatewayStatus {
    fn parse(value: &[u8]) -> Self {
        let number = str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
        match number {
            Some(101) => Self::Own(101),
            None | Some(..=0 | 100..=199) => Self::Usual,
            Some(number) => match u16::try_from(number) {
                Ok(status @ 200..=999) => Self::Own(status),
                Ok(_) | Err(_) => Self::Impossible,
            },
        }
    }
}

/// Returns whether a header of a reply describes how its bytes are sent, and not what they are.
fn is_framing(name: &str, value: &[u8]) -> bool {
    name == "content-length" || is_hop_by_hop(name, value)
}

fn fn_call_id(call_id: &str) -> (String, Vec<u8>) {
    ("Fn-Call-Id".into(), call_id.as_bytes().to_vec())
}

fn first<'headers>(headers: &'headers [(String, Vec<u8>)], name: &str) -> Option<&'headers [u8]> {
    let (_, value) = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(headers: &[(&str, &str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        let wire = WireReply { status: 200, headers: headers.collect(), body: "body".into() };
        let intent = Intent::Gateway { method: "POST".into(), url: "/".into() };
        Answer::replied(wire, &intent, "id")
    }

    #[test]
    fn a_status_is_read_as_go_reads_it() {
        for (text, status) in [
            ("404", 404),
            ("+201", 201),
            ("0200", 200),
            ("600", 600),
            ("999", 999),
            ("", 200),
            ("0", 200),
            ("-404", 200),
            ("abc", 200),
            ("200 OK", 200),
            ("99999999999999999999", 200),
            ("102", 200),
        ] {
            let answer = gateway(&[("fn-http-status", text)]);
            assert_eq!((answer.status, &*answer.body), (status, &b"body"[..]), "{text}");
        }
        assert_eq!(gateway(&[]).status, 200);
    }

    #[test]
    fn a_status_that_no_line_can_hold_is_an_error_with_status_200() {
        for text in ["1", "99", "1000", "70000"] {
            let answer = gateway(&[("fn-http-status", text), ("content-type", "text/plain")]);
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body, "{\"message\":\"internal server error\"}\n");
            assert!(answer.container_kept);
        }
    }

    #[test]
    fn a_gateway_passes_only_what_has_the_prefix_and_the_content_type() {
        let answer = gateway(&[
            ("content-type", "text/plain"),
            ("fn-fdk-version", "x/1"),
            ("x-plain", "1"),
            ("fn-http-h-", "1"),
            ("fn-http-h-x-two", "1"),
            ("fn-http-h-x-two", "2"),
        ]);
        let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Content-Type", "X-Two", "X-Two", "Fn-Call-Id"]);
    }

    #[test]
    fn what_is_about_the_connection_becomes_the_framing_of_the_answer() {
        for (name, value, body) in [
            ("fn-http-h-content-length", "4", "body"),
            ("fn-http-h-content-length", "3", ""),
            ("fn-http-h-content-length", "5", ""),
            ("fn-http-h-content-length", "four", ""),
            ("fn-http-h-transfer-encoding", "chunked", "body"),
            ("fn-http-h-connection", "close", "body"),
        ] {
            let answer = gateway(&[(name, value)]);
            assert_eq!((&*answer.body, answer.headers.len()), (body.as_bytes(), 1), "{name}");
        }
    }

    #[test]
    fn statuses_without_a_body_lose_it() {
        for (status, number) in [("101", 101), ("204", 204), ("304", 304)] {
            let answer = gateway(&[("fn-http-status", status), ("content-type", "text/plain")]);
            assert!(answer.body.is_empty() && answer.status == number, "{answer:?}");
            assert_eq!(answer.header("content-type").is_some(), status != "304");
        }
    }
}
