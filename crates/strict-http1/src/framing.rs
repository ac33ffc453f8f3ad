//! Looks at the bytes of a connection for requests whose framing two readers could understand in two
//! ways. The server's library reads them as well; what it lets pass of these is noted here.

use std::mem;

use zeroize::Zeroizing;

use crate::fault::Fault;

/// The longest line of a head that is looked at.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Follows a connection from request to request.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    place: Place,
    /// The part of a line that has come. It may hold a secret.
    line: Zeroizing<Vec<u8>>,
    has_begun: bool,
    lengths: usize,
    codings: usize,
    body: u64,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Place {
    #[default]
    Head,
    /// So many bytes of a body are left.
    Body(u64),
    /// In a body in chunks, or behind what cannot be followed: no further request is taken then.
    Unfollowed,
}

impl Framing {
    /// The next bytes of the connection.
    pub(crate) fn watch(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Unfollowed => return,
                Place::Body(left) => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left.saturating_sub(u64::try_from(length).unwrap_or(left));
                    self.place = if left == 0 { Place::Head } else { Place::Body(left) };
                    bytes.split_at(length).1
                }
                Place::Head => self.watch_line(bytes),
            };
        }
    }

    /// What was wrong, if anything was.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Whether no further request is taken.
    pub(crate) fn is_last(&self) -> bool {
        self.fault.is_some() || self.place == Place::Unfollowed
    }

    /// Whether a head has come in part.
    pub(crate) fn is_in_head(&self) -> bool {
        self.place == Place::Head && (self.has_begun || !self.line.is_empty())
    }

    /// Takes one line, or the part of it that is there, and gives the rest back.
    fn watch_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        if self.line.len() + part.len() > MAX_LINE_BYTES {
            self.fault.get_or_insert(Fault::LineLength);
            self.place = Place::Unfollowed;
        } else if end.is_none() {
            self.keep(part);
        } else if self.line.is_empty() {
            self.end_line(part);
        } else {
            self.keep(part);
            let line = mem::take(&mut self.line);
            self.end_line(&line);
        }
        rest
    }

    /// Adds to the line. A buffer that grows by itself leaves copies behind.
    fn keep(&mut self, part: &[u8]) {
        let length = self.line.len() + part.len();
        if self.line.capacity() < length {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&self.line);
            self.line = larger;
        }
        self.line.extend_from_slice(part);
    }

    fn end_line(&mut self, line: &[u8]) {
        let text = line.strip_suffix(b"\r\n");
        let text = text.unwrap_or_else(|| line.strip_suffix(b"\n").unwrap_or(line));
        if text.len() + 2 != line.len() || text.contains(&b'\r') {
            self.fault.get_or_insert(Fault::LineEnd);
        }
        match (text, self.has_begun) {
            // Empty lines may come before a request.
            (b"", false) => {}
            (b"", true) => self.end_head(),
            (_request_line, false) => self.has_begun = true,
            (header, true) => self.watch_header(header),
        }
    }

    fn watch_header(&mut self, header: &[u8]) {
        let mut parts = header.splitn(2, |&byte| byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.codings += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            let digits = str::from_utf8(value.trim_ascii()).ok();
            // What is no number the library refuses, and the connection ends.
            self.body = digits.and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX);
        }
    }

    fn end_head(&mut self) {
        let (lengths, codings) = (mem::take(&mut self.lengths), mem::take(&mut self.codings));
        if lengths + codings > 1 {
            self.fault.get_or_insert(Fault::Length);
        }
        self.has_begun = false;
        self.place = match (codings, mem::take(&mut self.body)) {
            (0, 0) => Place::Head,
            (0, body) => Place::Body(body),
            _ => Place::Unfollowed,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a text, however it is cut into pieces.
    fn fault(text: &str) -> Option<Fault> {
        let found = [1, 2, 7, 1 << 20].map(|size| {
            let mut framing = Framing::default();
            text.as_bytes().chunks(size).for_each(|piece| framing.watch(piece));
            framing.fault()
        });
        assert!(found.iter().all(|fault| *fault == found[0]), "{text:?}: {found:?}");
        found[0]
    }

    #[test]
    fn requests_one_after_another_are_followed() {
        let whole = "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\na\nb\n\n\r\n\r\n\
                     GET / HTTP/1.1\r\nhost: a\r\n\r\nPOST / HTTP/1.1\r\nContent-Length:0\r\n\r\n";
        assert_eq!(fault(whole), None);
        for (bad, expected) in [
            ("GET / HTTP/1.1\nhost: a\r\n\r\n", Fault::LineEnd),
            ("GET / HTTP/1.1\r\nhost: a\n\r\n", Fault::LineEnd),
            ("GET / HTTP/1.1\r\nhost: a\r\n\n", Fault::LineEnd),
            ("GET / HTTP/1.1\r\nx: a\rb: c\r\n\r\n", Fault::LineEnd),
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                Fault::Length,
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nCONTENT-LENGTH: 1\r\n\r\n",
                Fault::Length,
            ),
            ("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n", Fault::Length),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: x\r\ntransfer-encoding: chunked\r\n\r\n",
                Fault::Length,
            ),
        ] {
            assert_eq!(fault(bad), Some(expected), "{bad:?}");
            assert_eq!(fault(&format!("{whole}{bad}")), Some(expected), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_followed_behind_a_body_in_chunks() {
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\na\n0\n\n";
        assert_eq!(fault(chunked), None);
    }

    #[test]
    fn a_head_is_begun_by_its_first_byte_and_ended_by_its_empty_line() {
        let mut framing = Framing::default();
        assert!(!framing.is_in_head());
        framing.watch(b"G");
        assert!(framing.is_in_head());
        framing.watch(b"ET / HTTP/1.1\r\n");
        assert!(framing.is_in_head());
        framing.watch(b"content-length: 2\r\n\r\na");
        assert!(!framing.is_in_head());
        framing.watch(b"a");
        assert!(!framing.is_in_head());
    }

    #[test]
    fn a_line_in_part_is_shown_to_nobody() {
        let mut framing = Framing::default();
        framing.watch(b"GET / HTTP/1.1\r\nx-gateway-secret: ");
        let before = format!("{framing:?}");
        framing.watch(b"abc");
        assert_eq!(format!("{framing:?}"), before);
    }
}
