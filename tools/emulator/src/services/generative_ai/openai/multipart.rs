//! The parts of a `multipart/form-data` body. Their bytes are not changed.

use crate::deployment::Request;
use crate::services::answer::{Answer, invalid};

/// One part.
pub(super) struct Part<'a> {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content: &'a [u8],
}

/// Parses the body of a request.
pub(super) fn parts(request: &Request) -> Result<Vec<Part<'_>>, Answer> {
    let content_type = request.text("content-type").unwrap_or_default();
    let boundary = content_type
        .strip_prefix("multipart/form-data;")
        .and_then(|rest| rest.trim().strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty());
    let parts = boundary.and_then(|boundary| split(&request.body, boundary));
    parts.ok_or_else(|| invalid("body", "invalid_value", "the body is not multipart/form-data"))
}

fn split<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let mark = format!("\r\n--{boundary}");
    // The first mark begins the body; every other one has a line end before it.
    let mut rest = body.strip_prefix(mark.trim_start().as_bytes())?;
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = part.windows(mark.len()).position(|window| window == mark.as_bytes())?;
        let (whole, after) = part.split_at_checked(end)?;
        parts.push(part_of(whole)?);
        rest = after.get(mark.len()..)?;
    }
    rest.starts_with(b"--").then_some(parts)
}

fn part_of(whole: &[u8]) -> Option<Part<'_>> {
    let end = whole.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, content) = whole.split_at_checked(end)?;
    let head = std::str::from_utf8(head).ok()?;
    let is_disposition =
        |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
    let disposition = head.split("\r\n").find(is_disposition)?;
    let parameter = |name: &str| {
        let start = format!("; {name}=\"");
        let (_, value) = disposition.split_once(&start)?;
        Some(value.split_once('"')?.0.to_owned())
    };
    Some(Part {
        name: parameter("name")?,
        filename: parameter("filename"),
        content: content.get(4..)?,
    })
}
