//! Requests whose body is one JSON object, as some systems send them, read strictly.

use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::json::parse_object;

/// A JSON object in which every member stands once. `Debug` shows the names of its members only.
pub struct JsonObject(Map<String, Value>);

/// A body is not one JSON object in UTF-8, or has a member twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the request body is not one JSON object in which every member stands once")]
pub struct NotAnObject;

/// A member is of another type than it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("'{name}' must be {expected}")]
pub struct WrongType {
    /// The member.
    pub name: &'static str,
    /// What it has to be.
    pub expected: &'static str,
}

impl JsonObject {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, NotAnObject> {
        let text = std::str::from_utf8(body).map_err(|_| NotAnObject)?;
        parse_object(text).map(Self).ok_or(NotAnObject)
    }

    /// The object without members.
    #[must_use]
    pub fn empty() -> Self {
        Self(Map::new())
    }

    /// The names of its members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is such a member, be it `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether there is such a member, and it is `null`.
    #[must_use]
    pub fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    /// A member that is a string, if it is there.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, WrongType> {
        self.read(name, "a string", Value::as_str)
    }

    /// A member that is a whole number, if it is there. No string, boolean or fraction is one.
    pub fn integer(&self, name: &'static str) -> Result<Option<i64>, WrongType> {
        self.read(name, "a whole number", Value::as_i64)
    }

    /// A member that is `true` or `false`, if it is there.
    pub fn boolean(&self, name: &'static str) -> Result<Option<bool>, WrongType> {
        self.read(name, "true or false", Value::as_bool)
    }

    /// A member that is a list of strings, if it is there.
    pub fn texts(&self, name: &'static str) -> Result<Option<Vec<&str>>, WrongType> {
        self.read(name, "a list of strings", |value| {
            value.as_array()?.iter().map(Value::as_str).collect()
        })
    }

    /// A member that is a list of objects, if it is there.
    pub fn objects(&self, name: &'static str) -> Result<Option<Vec<Self>>, WrongType> {
        self.read(name, "a list of objects", |value| {
            let objects = value.as_array()?.iter().map(Value::as_object);
            objects.map(|object| object.cloned().map(Self)).collect()
        })
    }

    fn read<'a, T>(
        &'a self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, WrongType> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(WrongType { name, expected }),
            },
        }
    }
}

impl fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_object_is_refused() {
        for body in [
            "",
            "null",
            "[]",
            "5",
            "{",
            "{} {}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
        ] {
            assert!(JsonObject::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(JsonObject::parse(b"{\"a\": \"\xff\"}").is_err());
        assert!(JsonObject::parse(b" {} ").is_ok());
    }

    #[test]
    fn types_are_strict() {
        let body = br#"{"n": 5, "t": "x", "b": true, "f": 1.5, "z": null, "l": ["a"], "m": ["a", 1], "big": 18446744073709551615, "o": [{}]}"#;
        let object = JsonObject::parse(body).unwrap();
        let integer = |name| object.integer(name).map_err(|error| error.name);
        assert_eq!(integer("n"), Ok(Some(5)));
        assert_eq!(integer("absent"), Ok(None));
        for name in ["t", "b", "f", "z", "big"] {
            assert_eq!(integer(name), Err(name));
        }
        assert_eq!(object.text("t"), Ok(Some("x")));
        assert!(object.text("z").is_err() && object.is_null("z") && object.has("z"));
        assert_eq!(object.boolean("b"), Ok(Some(true)));
        assert!(object.boolean("n").is_err());
        assert_eq!(object.texts("l"), Ok(Some(vec!["a"])));
        assert_eq!(
            object.texts("m").unwrap_err().to_string(),
            "'m' must be a list of strings"
        );
        assert_eq!(object.objects("o").unwrap().unwrap().len(), 1);
    }

    #[test]
    fn debug_shows_no_value() {
        let object = JsonObject::parse(br#"{"client_secret": "hunter2"}"#).unwrap();
        assert_eq!(format!("{object:?}"), r#"["client_secret"]"#);
    }
}
