//! The configuration as a file that says the same.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Config;
use crate::output::object;

impl Config {
    /// The TOML file in which each key has the value that is in effect. A key that is not set is told in a comment.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut tables = Vec::new();
        write_keys(&mut text, object(self), &mut tables);
        for (name, members) in tables {
            let _ = write!(text, "\n[{name}]\n");
            write_keys(&mut text, members, &mut Vec::new());
        }
        text
    }
}

/// Writes what is no table; tables must come behind all else.
fn write_keys(
    text: &mut String,
    members: Map<String, Value>,
    tables: &mut Vec<(String, Map<String, Value>)>,
) {
    for (name, value) in members {
        // Writing to a text does not fail.
        let _ = match value {
            Value::Object(members) => {
                tables.push((name, members));
                Ok(())
            }
            Value::Null => writeln!(text, "# {name} is not set"),
            // What JSON escapes, TOML escapes in the same way; but for DEL, which TOML wants escaped.
            other => writeln!(
                text,
                "{name} = {}",
                other.to_string().replace('\x7f', "\\u007f")
            ),
        };
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::AuthMethod;
    use figment::Figment;
    use figment::providers::{Format as _, Toml};

    use super::*;
    use crate::config::keys::JwksUri;

    #[test]
    fn what_is_written_says_the_same_when_it_is_read() {
        let odd = Config {
            issuer: Some("https://login.example.com/\"a\\b'\u{7f}\u{1}ü\n".into()),
            data_dir: "2027 # no comment".into(),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            dialects: vec!["wazo".parse().unwrap()],
            strict: true,
            client_auth_methods: vec![AuthMethod::ClientSecretJwt],
            jwks_uri: JwksUri {
                allowed_networks: vec!["::1".parse().unwrap()],
            },
            ..Config::default()
        };
        for config in [Config::default(), odd] {
            let text = config.to_toml();
            let read: Config = Figment::from(Toml::string(&text)).extract().unwrap();
            assert_eq!(read, config, "{text}");
        }
    }
}
