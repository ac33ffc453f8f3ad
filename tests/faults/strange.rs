//! Answers that are none, or hardly.

use crate::upstream::{End, Script, Step};

/// An answer, and what becomes of it: the caller's status and the code of the function, where it is not the deployment's answer.
pub(crate) type Strange = (&'static str, Script, u16, &'static str);

const INVALID: &str = "DeploymentAnswerInvalid";
const LARGE: &str = "DeploymentAnswerTooLarge";
const LATE: &str = "DeploymentTimedOut";

fn raw(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// A success whose head goes on so.
fn ok(rest: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes()
}

/// Two bytes that are said to be as many as this.
fn sized(length: &str) -> Vec<u8> {
    ok(&format!("content-length: {length}\r\n\r\n{{}}"))
}

/// A success in these chunks.
fn chunks(rest: &str) -> Vec<u8> {
    ok(&format!("transfer-encoding: chunked\r\n\r\n{rest}"))
}

/// Answers with a head that is none, or an unusual one.
pub(crate) fn heads() -> Vec<Strange> {
    let switching = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x81\x02{}";
    let hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let informed = [raw(hints), sized("2")].concat();
    let heads = [
        ("nothing of HTTP", raw(b"\x00\x01\x02\r\n\r\n"), End::Keep, 502, INVALID),
        ("HTTP/0.9", raw(b"<html>hello</html>"), End::Close, 502, INVALID),
        (
            "the preface of HTTP/2",
            raw(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "TLS in TLS",
            raw(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\r\n\r\n"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "a status of two digits",
            raw(b"HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "a status below 100",
            raw(b"HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "status 999",
            raw(b"HTTP/1.1 999 OK\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "status 600",
            raw(b"HTTP/1.1 600 OK\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "a header without a colon",
            ok("none\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "a header without a name",
            ok(": x\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        (
            "a header with a zero",
            ok("x: \0\r\ncontent-length: 2\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        ("another protocol", raw(switching), End::Keep, 502, INVALID),
        (
            "another protocol, unnamed",
            raw(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
            End::Close,
            502,
            INVALID,
        ),
        (
            "a 100 that no answer follows",
            raw(b"HTTP/1.1 100 Continue\r\n\r\n"),
            End::Close,
            502,
            INVALID,
        ),
        ("100 and 103 before the answer", informed, End::Keep, 200, ""),
        ("HTTP/1.0 until the end", raw(b"HTTP/1.0 200 OK\r\n\r\n{}"), End::Close, 200, ""),
        ("HTTP/1.0 until a cut", raw(b"HTTP/1.0 200 OK\r\n\r\n{"), End::Vanish, 502, INVALID),
    ];
    heads.map(strange).to_vec()
}

/// Answers with a body that is not what its frame promises, or framed in an unusual way.
pub(crate) fn bodies() -> Vec<Strange> {
    let bodies = [
        ("a length that is no number", sized("two"), End::Keep, 502, INVALID),
        ("a negative length", sized("-2"), End::Keep, 502, INVALID),
        (
            "two lengths",
            ok("content-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
            End::Keep,
            502,
            INVALID,
        ),
        ("a length beyond 64 bits", sized("99999999999999999999"), End::Keep, 502, INVALID),
        ("the largest length", sized("18446744073709551613"), End::Keep, 502, LARGE),
        ("a length too long by 1", sized("3"), End::Close, 502, INVALID),
        ("a length too long by much", sized("6291456"), End::Vanish, 502, INVALID),
        ("a length too long, and silence", sized("3"), End::Silence, 504, LATE),
        ("a length too short", ok("content-length: 2\r\n\r\n{}{}"), End::Keep, 200, ""),
        ("a chunk of 2^64", chunks("10000000000000000\r\n{}"), End::Keep, 502, INVALID),
        (
            "a chunk of almost 2^64 that ends",
            chunks("ffffffffffffffff\r\n{}"),
            End::Close,
            502,
            INVALID,
        ),
        ("a chunk size that is none", chunks("xy\r\n{}"), End::Keep, 502, INVALID),
        ("a negative chunk size", chunks("-2\r\n{}\r\n0\r\n\r\n"), End::Keep, 502, INVALID),
        ("a chunk without its end", chunks("2\r\n{}XX0\r\n\r\n"), End::Keep, 502, INVALID),
        (
            "a trailer without a colon",
            chunks("2\r\n{}\r\n0\r\nnone\r\n\r\n"),
            End::Keep,
            502,
            INVALID,
        ),
        ("trailers", chunks("2\r\n{}\r\n0\r\nx-a: 1\r\nx-b: 2\r\n\r\n"), End::Keep, 200, ""),
    ];
    bodies.map(strange).to_vec()
}

type Row = (&'static str, Vec<u8>, End, u16, &'static str);

fn strange((what, bytes, end, status, code): Row) -> Strange {
    (what, Script::bytes(bytes, end), status, code)
}

/// Answers that do not, or are too long.
pub(crate) fn endless() -> Vec<Strange> {
    let flood = |first: &str, again: &[u8]| {
        Script::new(
            [Step::Send(first.into()), Step::Flood(again.repeat(4096 / again.len()))],
            End::Close,
        )
    };
    let start = "HTTP/1.1 200 OK\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let many = "x: 1\r\n".repeat(20_000);
    let built = [
        ("a head without end", flood(start, b"x"), 502, INVALID),
        ("a header without end", flood("HTTP/1.1 200 OK\r\nx: ", b"y"), 502, INVALID),
        ("headers without end", flood(start, b"x: y\r\n"), 502, INVALID),
        ("a reason without end", flood("HTTP/1.1 200 ", b"OK"), 502, INVALID),
        ("empty lines without end", flood("", b"\r\n"), 502, INVALID),
        (
            "20,000 headers",
            Script::bytes(format!("{start}{many}content-length: 2\r\n\r\n{{}}"), End::Close),
            502,
            INVALID,
        ),
        ("a body without end", flood("HTTP/1.1 200 OK\r\n\r\n", b"0"), 502, LARGE),
        (
            "chunks without end",
            flood(chunked, &[b"400\r\n", &[b'0'; 1024][..], b"\r\n"].concat()),
            502,
            LARGE,
        ),
        ("a chunk without end", flood(&format!("{chunked}ffffffffffffff\r\n"), b"1"), 502, LARGE),
        ("an extension without end", flood(&format!("{chunked}1;"), b"x"), 502, INVALID),
        ("extensions without end", flood(chunked, b"1;xxxxxxxx\r\n1\r\n"), 502, INVALID),
        ("a chunk size without end", flood(chunked, b"0"), 504, LATE),
        (
            "trailers without end",
            flood(&format!("{chunked}1\r\n1\r\n0\r\n"), b"x: y\r\n"),
            502,
            INVALID,
        ),
        ("100 without end", flood("", b"HTTP/1.1 100 Continue\r\n\r\n"), 504, LATE),
        (
            "103 without end",
            flood("", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
            504,
            LATE,
        ),
    ];
    built.to_vec()
}
