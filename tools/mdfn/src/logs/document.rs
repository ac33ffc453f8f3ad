//! A document of JSON around entries: one entry, an array of them, or the output of a search. It is
//! read entry by entry, so that one of any length takes no more memory than its largest entry.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value};

use super::lines::Place;

/// Tells every element of every array of the document from its first byte on, then gives it without
/// its arrays.
pub(super) fn read(
    document: impl Read,
    place: &Place,
    tell: &mut dyn FnMut(&Value),
) -> serde_json::Result<Value> {
    place.begin_entry();
    let mut elements = Elements { place, tell };
    elements.deserialize(&mut Deserializer::from_reader(document))
}

struct Elements<'document> {
    place: &'document Place,
    tell: &'document mut dyn FnMut(&Value),
}

impl<'de> DeserializeSeed<'de> for &mut Elements<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Elements<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        while let Some(element) = array.next_element_seed(&mut *self)? {
            (self.tell)(&element);
            self.place.begin_entry();
        }
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key()? {
            let member = members.next_value_seed(&mut *self)?;
            object.insert(name, member);
        }
        Ok(Value::Object(object))
    }
}
