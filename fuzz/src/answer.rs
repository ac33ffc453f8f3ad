//! Reads the answers on a connection, strictly: what the agent would not take fails.

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, with names in lower case, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether the body came to its end.
    pub whole: bool,
}

impl Answer {
    /// All values of a header.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_slice())
    }

    /// The only value of a header, which must be text; None if there is none.
    #[must_use]
    pub fn only<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let values: Vec<&[u8]> = self.values(name).collect();
        assert!(values.len() <= 1, "`{name}` {} times", values.len());
        values.first().map(|value| std::str::from_utf8(value).expect("it is text"))
    }
}

/// All answers that were written to a connection before it was closed.
#[must_use]
pub fn all(mut bytes: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = cut(bytes, b"\r\n\r\n").expect("a head ends");
        if head.starts_with(b"HTTP/1.1 100 ") {
            bytes = rest;
            continue;
        }
        let (status, headers) = parsed(head);
        let mut answer = Answer { status, headers, body: Vec::new(), whole: true };
        bytes = body(&mut answer, rest);
        answers.push(answer);
    }
    answers
}

fn parsed(head: &[u8]) -> (u16, Vec<(String, Vec<u8>)>) {
    let mut lines =
        head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line =
        std::str::from_utf8(lines.next().unwrap_or_default()).expect("a status line is text");
    let mut words = line.splitn(3, ' ');
    let version = words.next().unwrap_or_default();
    assert!(["HTTP/1.0", "HTTP/1.1"].contains(&version), "{line:?}");
    let status = words.next().unwrap_or_default();
    assert!(status.len() == 3 && words.next().is_some(), "{line:?}");
    (status.parse().expect("a status is a number"), lines.map(header).collect())
}

fn header(line: &[u8]) -> (String, Vec<u8>) {
    let (name, value) = cut(line, b": ").expect("a header line has a name");
    let name = std::str::from_utf8(name).expect("a name is text");
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    assert!(!name.is_empty() && name.bytes().all(token), "{name:?}");
    assert!(
        value.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f)),
        "{value:?}"
    );
    (name.to_ascii_lowercase(), value.to_vec())
}

/// Reads a body and gives back what follows it.
fn body<'a>(answer: &mut Answer, rest: &'a [u8]) -> &'a [u8] {
    let chunked = answer.only("transfer-encoding").is_some();
    match answer.only("content-length") {
        Some(length) => {
            assert!(!chunked, "both length and chunks");
            let length: usize = length.parse().expect("a length is a number");
            // The answer to a HEAD request has the length of the body that it does not have.
            let head = [404, 405].contains(&answer.status) && !rest.starts_with(b"{");
            let (body, rest) = rest.split_at(if head { 0 } else { length.min(rest.len()) });
            answer.body = body.to_vec();
            answer.whole = head || body.len() == length;
            rest
        }
        None if chunked => chunks(answer, rest),
        None => {
            answer.body = rest.to_vec();
            &[]
        }
    }
}

fn chunks<'a>(answer: &mut Answer, mut rest: &'a [u8]) -> &'a [u8] {
    loop {
        let Some((size, after)) = cut(rest, b"\r\n") else {
            assert!(rest.is_empty(), "a broken chunk: {rest:?}");
            answer.whole = false;
            return rest;
        };
        let size = std::str::from_utf8(size).expect("a size is text");
        let size = usize::from_str_radix(size, 16).expect("a size is a number");
        assert!(after.len() >= size + 2, "a chunk is whole");
        answer.body.extend_from_slice(&after[..size]);
        assert_eq!(&after[size..size + 2], b"\r\n");
        rest = &after[size + 2..];
        if size == 0 {
            return rest;
        }
    }
}

fn cut<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..place], &bytes[place + at.len()..]))
}
