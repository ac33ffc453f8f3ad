//! Paths: finished texts, and segments that are joined to one.

use super::encode::encode;
use super::error::Error;

/// A path of a request: a finished text, or segments, each of which is encoded.
///
/// ```
/// use oracle_cloud_client::IntoPath;
///
/// let object = ["n", "ns", "b", "bucket", "o", "report #1.csv"];
/// assert_eq!(object.into_path()?, "/n/ns/b/bucket/o/report%20%231.csv");
/// assert!("/n/ns/b/bucket/o/report#1.csv".into_path().is_err());
/// # Ok::<_, oracle_cloud_client::Error>(())
/// ```
///
/// Source: docs/spec/oci-request-signing.md#path-and-query.
pub trait IntoPath {
    /// Returns the path as it is sent; it begins with a slash.
    ///
    /// # Errors
    /// [`Error::Request`] for a text with a character that would end the path or change it (`?`,
    /// `#`, `\`, a blank, a control character, a letter outside ASCII), and for a segment that is
    /// empty, `.` or `..`, which encoding cannot protect.
    fn into_path(self) -> Result<String, Error>;
}

impl IntoPath for &str {
    fn into_path(self) -> Result<String, Error> {
        let is_sent_as_it_is = |byte: u8| byte.is_ascii_graphic() && !b"?#\\".contains(&byte);
        if self.starts_with('/') && self.bytes().all(is_sent_as_it_is) {
            return Ok(self.to_owned());
        }
        Err(Error::request(format!(
            "`{}` is not a path; expected one that begins with `/`, without `?`, `#`, `\\` and blanks; segments, such as [\"n\", namespace], are encoded",
            self.escape_debug()
        )))
    }
}

impl IntoPath for String {
    fn into_path(self) -> Result<String, Error> {
        self.as_str().into_path()
    }
}

impl IntoPath for &String {
    fn into_path(self) -> Result<String, Error> {
        self.as_str().into_path()
    }
}

impl IntoPath for &[&str] {
    fn into_path(self) -> Result<String, Error> {
        if self.is_empty() {
            return Ok("/".to_owned());
        }
        let mut path = String::new();
        for segment in self {
            if ["", ".", ".."].contains(segment) {
                return Err(Error::request(format!("`{segment}` cannot be a segment of a path")));
            }
            path.push('/');
            encode(segment, &mut path);
        }
        Ok(path)
    }
}

impl<const N: usize> IntoPath for [&str; N] {
    fn into_path(self) -> Result<String, Error> {
        self.as_slice().into_path()
    }
}

impl<const N: usize> IntoPath for &[&str; N] {
    fn into_path(self) -> Result<String, Error> {
        self.as_slice().into_path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_path_or_an_error_and_never_another_path() {
        for path in
            ["/", "/n/", "/n/ns/b?", "/o/report#1.csv", "/o/a b", "/o/a\\b", "/o/é", "n", ""]
        {
            let is_path = ["/", "/n/"].contains(&path);
            assert_eq!(path.into_path().ok().as_deref(), Some(path).filter(|_| is_path), "{path}");
            assert_eq!(path.to_owned().into_path().is_ok(), is_path, "{path}");
        }
    }

    #[test]
    fn a_segment_keeps_every_character() {
        for (segment, encoded) in [
            ("report#1.csv", "/report%231.csv"),
            ("what?.csv", "/what%3F.csv"),
            ("back\\slash", "/back%5Cslash"),
            ("a/b", "/a%2Fb"),
            ("50%", "/50%25"),
            ("é", "/%C3%A9"),
            ("a-b_c.d~e", "/a-b_c.d~e"),
            ("...", "/..."),
        ] {
            assert_eq!([segment].into_path().unwrap(), encoded);
            assert_eq!([segment].as_slice().into_path().unwrap(), encoded);
        }
        for segment in ["", ".", ".."] {
            assert!(["a", segment].into_path().is_err(), "{segment:?}");
        }
    }
}
