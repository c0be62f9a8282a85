//! JSON objects in which every member stands once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use thiserror::Error;

/// Why bytes are no JSON object that may be trusted to mean one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON, not UTF-8, nested too deeply (128 levels), or followed by something else.
    #[error("not well-formed JSON")]
    Syntax,
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A member name stands twice in one object, at whatever depth.
    #[error("a member of the JSON object stands twice")]
    DuplicateMember,
}

/// Parses one JSON object, refusing duplicate members at every depth.
///
/// RFC 7519 §4: "The Claim Names within a JWT Claims Set MUST be unique"; RFC 7515 §4 says the same of headers. Most
/// parsers keep the last of two members and some the first, and between the two an attacker lives.
///
/// ```
/// use countersign_jose::json::{JsonError, parse_object};
///
/// assert!(parse_object(br#"{"exp": 1, "cnf": {"jkt": "a"}}"#).is_ok());
/// assert_eq!(parse_object(br#"{"exp": 1, "exp": 2}"#), Err(JsonError::DuplicateMember));
/// assert_eq!(parse_object(b"[]"), Err(JsonError::NotAnObject));
/// ```
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let mut duplicate = false;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Unique {
        duplicate: &mut duplicate,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(JsonError::NotAnObject),
        Err(_) if duplicate => Err(JsonError::DuplicateMember),
        Err(_) => Err(JsonError::Syntax),
    }
}

/// Builds a [`Value`] and notes in `duplicate` that it stopped at a repeated member.
struct Unique<'flag> {
    duplicate: &'flag mut bool,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(Unique {
            duplicate: &mut *self.duplicate,
        })? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Unique {
                duplicate: &mut *self.duplicate,
            })?;
            if object.insert(name, value).is_some() {
                *self.duplicate = true;
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn e66_duplicate_members_at_any_depth() {
        let cases: &[(&[u8], Option<JsonError>)] = &[
            (b"{}", None),
            (b" {\"a\": [1, 2.5, null, true, \"x\", {\"a\": {}}]} ", None),
            (br#"{"a":{"b":1},"c":{"b":1}}"#, None),
            (br#"{"a":1,"a":1}"#, Some(JsonError::DuplicateMember)),
            (br#"{"a":1,"\u0061":2}"#, Some(JsonError::DuplicateMember)),
            (br#"{"a":{"b":1,"b":2}}"#, Some(JsonError::DuplicateMember)),
            (
                br#"{"a":[[{"b":1,"c":2,"b":3}]]}"#,
                Some(JsonError::DuplicateMember),
            ),
            (br#"{"a":1}{"a":1}"#, Some(JsonError::Syntax)),
            (br#"{"a":1} x"#, Some(JsonError::Syntax)),
            (br#"{"a":1,}"#, Some(JsonError::Syntax)),
            (b"", Some(JsonError::Syntax)),
            (b"\xef\xbb\xbf{}", Some(JsonError::Syntax)),
            (b"{\"a\":\"\xff\"}", Some(JsonError::Syntax)),
            (br#"{"a":1e999}"#, Some(JsonError::Syntax)),
            (br#"{"a":NaN}"#, Some(JsonError::Syntax)),
            (b"[]", Some(JsonError::NotAnObject)),
            (b"\"{}\"", Some(JsonError::NotAnObject)),
            (b"null", Some(JsonError::NotAnObject)),
        ];
        for (bytes, expected) in cases {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(parse_object(bytes).err(), *expected, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_object(nested(100).as_bytes()).is_ok());
        assert_eq!(
            parse_object(nested(1_000).as_bytes()),
            Err(JsonError::Syntax)
        );
        assert_eq!(
            parse_object("{\"a\":".repeat(100_000).as_bytes()),
            Err(JsonError::Syntax)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse_object(&bytes);
        }

        #[test]
        fn agrees_with_serde_json_where_nothing_is_repeated(
            text in r#"\{("[a-c]":([0-9]|"x"|\[\]|\{\}),?){0,4}\}"#,
        ) {
            if let Ok(object) = parse_object(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Map<String, Value>>(&text).unwrap(), object);
            }
        }
    }
}
