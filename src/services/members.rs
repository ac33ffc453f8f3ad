//! Some members of a JSON object, by names that are compared as the most lenient reader would.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fold::folded;
use super::refusal::Refusal;

/// A member that is looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// What a refusal calls it.
    pub(super) shown: &'static str,
}

/// A body that may not be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is not JSON. The parser's message holds a place, never a piece of the body.
    #[error("the body is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Something in it may not be said.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// The wanted members of a JSON text, each in its place; none of a text that is no object. Each may be there once, and nothing
/// that could be taken for it.
pub(super) fn find<'a>(
    json: &'a str,
    wanted: &[Member],
) -> Result<Vec<Option<&'a RawValue>>, BodyError> {
    let mut search = Search { wanted, found: vec![None; wanted.len()], refused: None };
    let read = if json.trim_start().starts_with('{') {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        search.deserialize(&mut deserializer).and_then(|()| deserializer.end())
    } else {
        serde_json::from_str::<IgnoredAny>(json).map(drop)
    };
    finish(read, search.refused, search.found)
}

/// All texts that a member is, at any depth. The text was read before: it is no deeper than is allowed.
pub(super) fn find_all(json: &str, wanted: Member) -> Result<Vec<String>, BodyError> {
    let mut search = SearchAll { wanted, found: Vec::new(), refused: None };
    let read = search.deserialize(&mut serde_json::Deserializer::from_str(json));
    finish(read, search.refused, search.found)
}

/// The text that a member is.
pub(super) fn text(value: &RawValue, member: Member) -> Result<String, Refusal> {
    serde_json::from_str(value.get()).map_err(|_no_text| Refusal::NotText(member.shown))
}

fn finish<T>(
    read: serde_json::Result<()>,
    refused: Option<Refusal>,
    found: T,
) -> Result<T, BodyError> {
    match (read, refused) {
        (Err(error), _) => Err(BodyError::NotJson(error)),
        (Ok(()), Some(refusal)) => Err(BodyError::Refused(refusal)),
        (Ok(()), None) => Ok(found),
    }
}

/// What the name of a member is.
enum Name {
    Wanted(usize, Member),
    /// Another spelling of a wanted one.
    Like(Member),
    Other,
}

/// Compares the name of a member, unescaped.
struct Compare<'w>(&'w [Member]);

impl<'de> DeserializeSeed<'de> for Compare<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Compare<'_> {
    type Value = Name;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        let mut places = (0..).zip(self.0);
        if let Some((place, member)) = places.find(|(_, member)| member.name == name) {
            return Ok(Name::Wanted(place, *member));
        }
        let folded_name = folded(name);
        let like = self.0.iter().find(|member| folded(member.name) == folded_name);
        Ok(like.map_or(Name::Other, |member| Name::Like(*member)))
    }
}

struct Search<'w, 'a> {
    wanted: &'w [Member],
    found: Vec<Option<&'a RawValue>>,
    refused: Option<Refusal>,
}

impl<'de> DeserializeSeed<'de> for &mut Search<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Search<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Compare(self.wanted))? {
            let value: &RawValue = map.next_value()?;
            let refusal = match name {
                Name::Wanted(place, member) => {
                    let before = self.found.get_mut(place).and_then(|found| found.replace(value));
                    before.map(|_first| Refusal::Repeated(member.shown))
                }
                Name::Like(member) => Some(Refusal::Misspelt(member.shown)),
                Name::Other => None,
            };
            self.refused = self.refused.take().or(refusal);
        }
        Ok(())
    }
}

struct SearchAll {
    wanted: Member,
    found: Vec<String>,
    refused: Option<Refusal>,
}

impl<'de> DeserializeSeed<'de> for &mut SearchAll {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut SearchAll {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let wanted = [self.wanted];
        while let Some(name) = map.next_key_seed(Compare(&wanted))? {
            let refusal = match name {
                Name::Wanted(_, member) => {
                    text(map.next_value()?, member).map(|text| self.found.push(text)).err()
                }
                Name::Like(member) => {
                    map.next_value::<IgnoredAny>()?;
                    Some(Refusal::Misspelt(member.shown))
                }
                Name::Other => {
                    map.next_value_seed(&mut *self)?;
                    None
                }
            };
            self.refused = self.refused.take().or(refusal);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: Member = Member { name: "model", shown: "`model`" };
    const PREVIOUS: Member =
        Member { name: "previous_response_id", shown: "`previous_response_id`" };

    fn found(json: &str) -> Result<Vec<Option<&str>>, Refusal> {
        match find(json, &[MODEL, PREVIOUS]) {
            Ok(found) => Ok(found.into_iter().map(|value| value.map(RawValue::get)).collect()),
            Err(BodyError::Refused(refusal)) => Err(refusal),
            Err(BodyError::NotJson(error)) => panic!("{json}: {error}"),
        }
    }

    #[test]
    fn a_member_is_found_at_the_top_and_after_unescaping() {
        for (json, model, previous) in [
            ("{}", None, None),
            ("[]", None, None),
            ("7", None, None),
            (r#"[{"model":"a"}]"#, None, None),
            (r#"{"x":{"model":"a"},"model":"b"}"#, Some(r#""b""#), None),
            (r#" {"mod\u0065l" : "b"}"#, Some(r#""b""#), None),
            (
                r#"{"previous_response_id":null,"model":{"a":[1]}}"#,
                Some(r#"{"a":[1]}"#),
                Some("null"),
            ),
            (r#"{"models":1,"model ":2,"mode":3}"#, None, None),
        ] {
            assert_eq!(found(json), Ok(vec![model, previous]), "{json}");
        }
    }

    #[test]
    fn what_is_there_twice_or_in_another_spelling_is_refused() {
        for json in [
            r#"{"model":"a","model":"a"}"#,
            r#"{"model":"a","mod\u0065l":"b"}"#,
            r#"{"mod\u0065l":"a","model":"b","x":1}"#,
        ] {
            assert_eq!(found(json), Err(Refusal::Repeated("`model`")), "{json}");
        }
        for json in
            [r#"{"Model":"a"}"#, r#"{"MODEL":1}"#, r#"{"mo_del":1}"#, r#"{"model":"a","mode-l":2}"#]
        {
            assert_eq!(found(json), Err(Refusal::Misspelt("`model`")), "{json}");
        }
        for json in [r#"{"previousResponseId":"a"}"#, r#"{"previou\u017f_response_id":"a"}"#] {
            assert_eq!(found(json), Err(Refusal::Misspelt("`previous_response_id`")), "{json}");
        }
    }

    #[test]
    fn what_is_not_json_is_said_to_be_so() {
        for json in [
            "",
            "{",
            "{]",
            r#"{"model":}"#,
            r#"{"model":"a"} x"#,
            r#"{"model":"a",}"#,
            r#"{"\ud800":1}"#,
            "{'a':1}",
            "nul",
        ] {
            assert!(matches!(find(json, &[MODEL]), Err(BodyError::NotJson(_))), "{json}");
        }
    }

    #[test]
    fn a_member_is_found_at_any_depth() {
        let json = r#"{"model":"a","x":[{"model":"b","y":{"mod\u0065l":"c"}},1,-1,1.5,null,true,"model"]}"#;
        assert_eq!(find_all(json, MODEL).unwrap(), ["a", "b", "c"]);
        for json in [r#"{"x":[{"model":1}]}"#, r#"{"x":{"model":{"model":"a"}}}"#] {
            let refused = find_all(json, MODEL);
            assert!(
                matches!(refused, Err(BodyError::Refused(Refusal::NotText("`model`")))),
                "{json}"
            );
        }
        let refused = find_all(r#"{"x":{"Model":"a"}}"#, MODEL);
        assert!(matches!(refused, Err(BodyError::Refused(Refusal::Misspelt("`model`")))));
    }
}
