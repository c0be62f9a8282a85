//! Environment variables as a source of configuration: texts, whatever they look like.

use std::env;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};
use serde::Deserializer;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};

/// Before each variable that is a configuration key.
const PREFIX: &str = "COUNTERSIGN_";

/// The name of the variable that stands for a key.
pub(super) fn variable(key: &[&str]) -> String {
    format!("{PREFIX}{}", key.join("__").to_uppercase())
}

/// Every variable that begins with `COUNTERSIGN_`, but for those in the list. Nested keys are joined by `__`.
///
/// The values are texts and stay texts: a folder may be called `2027`. Keys that are numbers read them with [`number`].
pub(super) struct Variables(pub(super) &'static [&'static str]);

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment variables")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut dict = Dict::new();
        for (name, value) in env::vars_os() {
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
                continue;
            };
            let key = key.to_lowercase();
            if self.0.contains(&key.as_str()) || is_of_kubernetes(&key) {
                continue;
            }
            let value = value
                .into_string()
                .map_err(|_| figment::Error::from(format!("{} is not UTF-8", variable(&[&key]))))?;
            insert(&mut dict, &key, value);
        }
        Ok(Profile::Default.collect(dict))
    }
}

/// Kubernetes sets such variables in every pod beside a service that is called `countersign`.
fn is_of_kubernetes(key: &str) -> bool {
    ["port", "service_host", "service_port"].iter().any(|name| {
        key.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

fn insert(dict: &mut Dict, key: &str, value: String) {
    match key.split_once("__") {
        None => {
            dict.insert(key.to_owned(), Value::from(value));
        }
        Some((parent, rest)) => {
            let entry = dict
                .entry(parent.to_owned())
                .or_insert_with(|| Value::from(Dict::new()));
            // Else a group was given a value of its own; the type error that follows says so.
            if let Value::Dict(_, inner) = entry {
                insert(inner, rest, value);
            }
        }
    }
}

/// A whole number, as a number or as a text that is one.
pub(super) fn number<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr + TryFrom<i64> + TryFrom<u64>,
    D: Deserializer<'de>,
{
    struct Number<T>(PhantomData<T>);

    impl<T> Visitor<'_> for Number<T>
    where
        T: FromStr + TryFrom<i64> + TryFrom<u64>,
    {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number that is not negative")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse()
                .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Number(PhantomData))
}

/// A list, as a list or as a text whose entries are separated by commas.
pub(super) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    struct List<T>(PhantomData<T>);

    impl<'de, T> Visitor<'de> for List<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list, or texts separated by commas")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
            let entries = text
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty());
            entries
                .map(|entry| entry.parse().map_err(E::custom))
                .collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = entries.next_element::<String>()? {
                list.push(entry.parse().map_err(A::Error::custom)?);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(List(PhantomData))
}

/// A switch, as TOML has it or as the text of a variable.
pub(super) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Switch;

    impl Visitor<'_> for Switch {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E: Error>(self, switch: bool) -> Result<bool, E> {
            Ok(switch)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
            text.parse()
                .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Switch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_kubernetes_are_not_keys() {
        for (key, expected) in [
            ("port", true),
            ("port_8080_tcp_addr", true),
            ("service_host", true),
            ("service_port_http", true),
            ("portal", false),
            ("service", false),
        ] {
            assert_eq!(is_of_kubernetes(key), expected, "{key}");
        }
    }
}
