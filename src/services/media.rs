//! What a body is, by its content type, and what content type it is sent with.
//!
//! Source: docs/spec/oci-services.md#service-bodies.

use http::HeaderValue;

use super::operation_kind::Content;
use super::refusal::Refusal;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// What clients call JSON that they did not name: curl takes a body for a form, others for text.
const UNNAMED: [&str; 2] = ["text/plain", "application/x-www-form-urlencoded"];

/// What a body is, and how it is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Media {
    /// JSON, with this content type.
    Json(HeaderValue),
    /// Bytes that are not looked at, with this content type.
    Bytes(HeaderValue),
}

/// What a body is that came with this content type, whose media type is in lower case.
pub(super) fn of(
    content: Content,
    named: Option<(&HeaderValue, &str)>,
    is_exact: bool,
) -> Result<Option<Media>, Refusal> {
    let is_json = |media: &str| media == "application/json" || media.ends_with("+json");
    let (named, media) = match (content, named) {
        (Content::Object, None) => return Ok(Some(Media::Bytes(BYTES))),
        (_, None) => return Ok(Some(Media::Json(JSON))),
        (_, Some(named)) => named,
    };
    let json = || if is_exact || !is_json(media) { JSON } else { named.clone() };
    Ok(match content {
        Content::Object => Some(Media::Bytes(named.clone())),
        Content::JsonOrForm if media == "multipart/form-data" => Some(Media::Bytes(named.clone())),
        _ if is_json(media) => {
            check_charset(named)?;
            Some(Media::Json(json()))
        }
        Content::Json | Content::JsonOrForm if UNNAMED.contains(&media) => {
            check_charset(named)?;
            Some(Media::Json(JSON))
        }
        Content::Json | Content::JsonOrForm => None,
        Content::Any => Some(Media::Bytes(named.clone())),
    })
}

/// Refuses JSON that says it is not in UTF-8.
fn check_charset(named: &HeaderValue) -> Result<(), Refusal> {
    let parameters = named.as_bytes().split(|byte| *byte == b';').skip(1);
    let charsets = parameters.filter_map(|parameter| {
        let text = str::from_utf8(parameter).ok()?;
        let (name, value) = text.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    let mut others = charsets.filter(|charset| !charset.eq_ignore_ascii_case("utf-8"));
    if others.next().is_some() { Err(Refusal::Charset) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(
        content: Content,
        named: Option<&'static str>,
        is_exact: bool,
    ) -> Result<Option<Media>, Refusal> {
        let value = named.map(HeaderValue::from_static);
        let plain = named.map(|named| named.split(';').next().unwrap().trim().to_ascii_lowercase());
        of(content, value.as_ref().zip(plain.as_deref()), is_exact)
    }

    fn json(named: &'static str) -> Media {
        Media::Json(HeaderValue::from_static(named))
    }

    fn bytes(named: &'static str) -> Media {
        Media::Bytes(HeaderValue::from_static(named))
    }

    #[test]
    fn json_is_sent_under_its_plain_name_where_the_signature_wants_it() {
        let named = "application/json; charset=UTF-8";
        for content in [Content::Json, Content::JsonOrForm, Content::Any] {
            assert_eq!(media(content, None, true), Ok(Some(json("application/json"))));
            assert_eq!(media(content, Some(named), true), Ok(Some(json("application/json"))));
            assert_eq!(media(content, Some(named), false), Ok(Some(json(named))));
            assert_eq!(
                media(content, Some("Application/JSON;charset=\"utf-8\""), true),
                Ok(Some(json("application/json")))
            );
            for charset in ["latin1", "utf-16", "\"us-ascii\"", ""] {
                let named: &'static str = format!("application/json; Charset={charset}").leak();
                assert_eq!(media(content, Some(named), true), Err(Refusal::Charset), "{charset}");
            }
        }
    }

    #[test]
    fn what_must_be_json_is_json_or_nothing() {
        for named in ["text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"]
        {
            assert_eq!(
                media(Content::Json, Some(named), true),
                Ok(Some(json("application/json"))),
                "{named}"
            );
        }
        for named in [
            "text/html",
            "application/octet-stream",
            "multipart/form-data; boundary=x",
            "image/png",
        ] {
            assert_eq!(media(Content::Json, Some(named), true), Ok(None), "{named}");
        }
        assert_eq!(media(Content::JsonOrForm, Some("image/png"), true), Ok(None));
    }

    #[test]
    fn a_form_an_object_and_what_is_not_json_pass_as_they_are() {
        let form = "multipart/form-data; boundary=a;b";
        assert_eq!(media(Content::JsonOrForm, Some(form), true), Ok(Some(bytes(form))));
        assert_eq!(media(Content::Any, Some("image/png"), false), Ok(Some(bytes("image/png"))));
        for named in ["application/json; charset=latin1", "text/plain", "image/png"] {
            assert_eq!(media(Content::Object, Some(named), true), Ok(Some(bytes(named))));
        }
        assert_eq!(media(Content::Object, None, true), Ok(Some(bytes("application/octet-stream"))));
    }

    #[test]
    fn text_that_is_taken_for_json_says_no_other_charset_either() {
        for named in ["text/plain; charset=latin1", "text/plain;charset=\"utf-16\""] {
            assert_eq!(media(Content::Json, Some(named), false), Err(Refusal::Charset), "{named}");
        }
        let plain = Some("text/plain; charset=UTF-8");
        assert!(matches!(media(Content::Json, plain, false), Ok(Some(Media::Json(_)))));
    }
}
