//! The line that separates the log lines of two calls.

use std::io::Write;

use http::header::{HeaderMap, HeaderName};

/// How OCI Functions assigns log lines to a call: a line with the value of a request header
/// precedes them.
///
/// ```
/// use http::{HeaderMap, HeaderName, HeaderValue};
///
/// let name = HeaderName::from_static("opc-request-id");
/// let frame = fn_fdk::LogFrame::new(Some("frame".into()), Some(name.clone())).unwrap();
/// let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("1/2"))]);
/// assert_eq!(frame.line(&headers).unwrap(), b"\nframe=1/2\n");
/// ```
///
/// Source: docs/spec/fn-container-contract.md#log-frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogFrame {
    name: String,
    header: HeaderName,
}

impl LogFrame {
    /// Creates a frame if the platform set both parts: `FN_LOGFRAME_NAME` and `FN_LOGFRAME_HDR`.
    ///
    /// ```
    /// assert_eq!(fn_fdk::LogFrame::new(Some("frame".to_owned()), None), None);
    /// ```
    pub fn new(name: Option<String>, header: Option<HeaderName>) -> Option<Self> {
        Some(Self { name: name?, header: header? })
    }

    /// Returns the frame of a call with these platform headers; `None` without the header, or if
    /// its value would break the line.
    ///
    /// ```text
    /// \nNAME=VALUE\n
    /// ```
    pub fn line(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let value = headers.get(&self.header)?.as_bytes();
        if value.is_empty() || value.iter().any(u8::is_ascii_control) {
            return None;
        }
        Some([b"\n", self.name.as_bytes(), b"=", value, b"\n"].concat())
    }

    /// Writes the frame to both log streams, with one write each. A closed stream is not an error.
    pub(super) fn write(&self, headers: &HeaderMap) {
        if let Some(line) = self.line(headers) {
            let written = std::io::stderr().write_all(&line);
            let mut stdout = std::io::stdout().lock();
            if let Err(error) = written.and(stdout.write_all(&line)).and_then(|()| stdout.flush()) {
                log::debug!("the log frame could not be written: {error}");
            }
        }
    }
}
