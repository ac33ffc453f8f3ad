//! The caller's method and URL, which a gateway sends in two headers: absent, valid, or refused.
//!
//! Source: docs/spec/fn-container-contract.md#gateway-mode.

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};

use super::limits::URL_LIMIT;
use super::rejection::Rejection;

const METHOD: HeaderName = HeaderName::from_static("fn-http-method");
const URL: HeaderName = HeaderName::from_static("fn-http-request-url");

/// Returns the caller's method and URL. If the gateway's headers are absent, they are `POST` and
/// `/`.
pub(super) fn method_and_url(platform: &HeaderMap) -> Result<(Method, Uri), Rejection> {
    let method = match only(platform, &METHOD).map_err(|Repeated| Rejection::Method)? {
        None => Method::POST,
        Some(value) => Method::from_bytes(value.as_bytes()).ok().ok_or(Rejection::Method)?,
    };
    let url = match only(platform, &URL).map_err(|Repeated| Rejection::Url)? {
        None => Uri::default(),
        Some(value) => url(value.as_bytes())?,
    };
    Ok((method, url))
}

/// A header that may occur once occurs several times.
struct Repeated;

fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Repeated> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Repeated),
    }
}

/// Parses a path and query, with or without scheme and host. A path with forbidden characters is
/// refused: repairing it would guess what is called. A query is data, so its forbidden characters
/// are percent-encoded.
fn url(written: &[u8]) -> Result<Uri, Rejection> {
    let end = written.iter().position(|&byte| byte == b'?').unwrap_or(written.len());
    let (target, query) = written.split_at(end);
    if target.len() + query.len().saturating_sub(1) > URL_LIMIT {
        return Err(Rejection::UrlTooLong(URL_LIMIT));
    }
    let path = path(target).filter(|path| is_path(path)).ok_or(Rejection::Url)?;
    let encoded = encoded(query).ok_or(Rejection::Url)?;
    match encoded {
        Cow::Borrowed(_) => Uri::try_from(written),
        Cow::Owned(query) => Uri::try_from([target, &query].concat()),
    }
    .ok()
    .filter(|uri| path.is_empty() || uri.path().as_bytes() == path)
    .ok_or(Rejection::Url)
}

/// Returns what follows the host, if there is one; `None` if the text begins neither with a path
/// nor with a scheme of HTTP.
fn path(target: &[u8]) -> Option<&[u8]> {
    if target.first() == Some(&b'/') {
        return Some(target);
    }
    let scheme = [7, 8].into_iter().filter_map(|length| target.split_at_checked(length));
    let (_, rest) = scheme.into_iter().find(|(scheme, _)| {
        scheme.eq_ignore_ascii_case(b"http://") || scheme.eq_ignore_ascii_case(b"https://")
    })?;
    Some(rest.iter().position(|&byte| byte == b'/').map_or(&[], |at| rest.split_at(at).1))
}

/// Returns whether a path has the form of RFC 3986, with complete escapes.
fn is_path(path: &[u8]) -> bool {
    let escape =
        |rest: &[u8]| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    path.iter().all(|&byte| is_plain(byte)) && path.split(|&byte| byte == b'%').skip(1).all(escape)
}

/// Percent-encodes what RFC 3986 does not allow in a query. Returns `None` if it has a byte that
/// ends a URL or a line.
fn encoded(query: &[u8]) -> Option<Cow<'_, [u8]>> {
    let kept = |byte: u8| is_plain(byte) || b"?[]".contains(&byte);
    if query.iter().all(|&byte| kept(byte)) {
        return Some(Cow::Borrowed(query));
    }
    let mut written = Vec::with_capacity(query.len() * 3);
    for &byte in query {
        match byte {
            byte if kept(byte) => written.push(byte),
            b'#' | 0..=0x1f | 0x7f => return None,
            raw => written.extend(format!("%{raw:02X}").into_bytes()),
        }
    }
    Some(Cow::Owned(written))
}

/// Returns whether a byte may be in a path, escapes and separators included.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(headers: &[(&HeaderName, &[u8])]) -> Result<(String, String), Rejection> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).clone(), HeaderValue::from_bytes(value).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        method_and_url(&map).map(|(method, url)| (method.to_string(), url.to_string()))
    }

    fn read(url: impl AsRef<[u8]>) -> Result<String, Rejection> {
        line(&[(&URL, url.as_ref())]).map(|(_, url)| url)
    }

    #[test]
    fn what_is_absent_has_a_default() {
        assert_eq!(line(&[]), Ok(("POST".to_owned(), "/".to_owned())));
    }

    #[test]
    fn a_method_is_one_token() {
        for method in ["GET", "POST", "PROPFIND", "get", "M-SEARCH", "!#$%&'*+-.^_`|~9"] {
            assert_eq!(line(&[(&METHOD, method.as_bytes())]).unwrap().0, method);
        }
        for method in [&b""[..], b"GE T", b"GET,POST", b"G/T", b"\"GET\"", b"G\xc3\x8bT", b"A\tB"] {
            assert_eq!(line(&[(&METHOD, method)]), Err(Rejection::Method), "{method:?}");
        }
        for again in [&b"GET"[..], b"POST"] {
            let twice = [(&METHOD, &b"GET"[..]), (&METHOD, again)];
            assert_eq!(line(&twice), Err(Rejection::Method));
        }
    }

    #[test]
    fn what_is_raw_in_a_query_is_encoded_and_the_rest_stays_as_it_is_written() {
        for (raw, written) in [
            ("user=<a>", "user=%3Ca%3E"),
            ("name=ñ", "name=%C3%B1"),
            ("q=two words", "q=two%20words"),
            ("q=\"a\"", "q=%22a%22"),
            ("a|b\\c^d`e{f}", "a%7Cb%5Cc%5Ed%60e%7Bf%7D"),
            ("%20+%c3%B1<", "%20+%c3%B1%3C"),
            ("100%&ñ", "100%&%C3%B1"),
            ("a[b]=c?d/e:@!$&'()*,;=-._~", "a[b]=c?d/e:@!$&'()*,;=-._~"),
            ("", ""),
        ] {
            for before in
                ["/v1/chat", "http://gw.example:8080/v1/chat", "https://[::1]/v1/chat", "/"]
            {
                let expected = Ok(format!("{before}?{written}"));
                assert_eq!(read(format!("{before}?{raw}")), expected, "{raw}");
            }
        }
        assert_eq!(read(b"/x?\xff\xfe"), Ok("/x?%FF%FE".to_owned()));
    }

    #[test]
    fn every_byte_of_a_url_is_kept_encoded_or_refused() {
        for byte in (0..=0xff).filter(|byte| HeaderValue::from_bytes(&[*byte]).is_ok()) {
            let path = read([b"/a", &[byte][..], b"b"].concat());
            let query = read([b"/a?", &[byte][..], b"b"].concat());
            match byte {
                b'?' => assert_eq!(path, Ok("/a?b".to_owned())),
                b'%' => assert_eq!(path, Err(Rejection::Url)),
                byte if is_plain(byte) => {
                    assert_eq!(path, Ok(format!("/a{}b", char::from(byte))), "{byte}");
                }
                _ => assert_eq!(path, Err(Rejection::Url), "{byte}"),
            }
            match byte {
                b'#' | b'\t' => assert_eq!(query, Err(Rejection::Url), "{byte}"),
                byte if is_plain(byte) || b"?[]".contains(&byte) => {
                    assert_eq!(query, Ok(format!("/a?{}b", char::from(byte))), "{byte}");
                }
                byte => assert_eq!(query, Ok(format!("/a?%{byte:02X}b"))),
            }
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in [
            "",
            "*",
            "v1/chat",
            "?q",
            "example.com",
            "example.com:443",
            "ftp://example.com/x",
            "http:///x",
            "http://",
            "http://ho st/x",
            "http://hoñst/x",
            "http:/x",
            "https:x",
            "/a b",
            "/ñ",
            "/a#b",
            "/a?b#c",
            "/%",
            "/%2",
            "/%zz",
            "/a\tb",
            "/a?b\tc",
        ] {
            assert_eq!(read(url), Err(Rejection::Url), "{url}");
        }
        let twice = [(&URL, &b"/a"[..]), (&URL, &b"/a"[..])];
        assert_eq!(line(&twice), Err(Rejection::Url));
    }

    #[test]
    fn a_path_stays_as_it_is_written() {
        for url in ["/", "//x//y/", "/a%2Fb/../c;d", "http://gw/a", "HTTPS://gw/a"] {
            let path = url.find("gw").map_or(url, |at| url.split_at(at + 2).1);
            let headers = HeaderMap::from_iter([(URL, HeaderValue::from_static(url))]);
            assert_eq!(method_and_url(&headers).unwrap().1.path(), path);
        }
        for url in ["http://gw", "http://gw?x=1"] {
            let headers = HeaderMap::from_iter([(URL, HeaderValue::from_static(url))]);
            assert_eq!(method_and_url(&headers).unwrap().1.path(), "/");
        }
    }

    #[test]
    fn a_url_has_at_most_8_kib_as_it_came() {
        for before in ["/x", "/x?", "https://gw/x?q=ñ"] {
            let mark = usize::from(before.contains('?'));
            let fits = format!("{before}{}", "a".repeat(URL_LIMIT + mark - before.len()));
            assert!(read(&fits).is_ok(), "{before}");
            assert_eq!(read(format!("{fits}a")), Err(Rejection::UrlTooLong(8192)), "{before}");
        }
        // Encoded, it may be longer.
        assert!(read(format!("/x?{}", "ñ".repeat(4000))).is_ok());
        assert_eq!(read("ñ".repeat(35_000)), Err(Rejection::UrlTooLong(8192)));
    }
}
