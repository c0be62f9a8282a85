//! The public keys by which a client proves who it is, as `client add` and `client update` name them.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::{AuthMethod, ClientSettings, JwkSetDocument, JwkSetDocumentError, JwksUri};
use countersign_jose::json::{self, JsonError};
use serde_json::{Map, json};

use super::settings::Member;
use crate::cli::Opened;
use crate::output::{Failure, Format, warn};

/// The keys that are named on the command line; none stands for those that are not.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(super) struct KeyArgs {
    /// A file with its public keys, as a JWK Set or as one JWK; - for standard input. It authenticates by private_key_jwt
    /// then, and needs no secret
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Where it publishes them instead, as a JWK Set: https, at a public address; it may change them there at any time
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<JwksUri>,
    /// What the file says, once it was read.
    #[arg(skip)]
    read: Option<JwkSetDocument>,
}

impl KeyArgs {
    /// Each member with its flag, and whether that is given.
    pub(super) fn members(&self) -> [Member; 2] {
        let of = Member::new;
        [
            of("jwks", "--jwks", self.jwks.is_some()),
            of("jwks_uri", "--jwks-uri", self.jwks_uri.is_some()),
        ]
    }

    /// The flag that is given, if one is.
    pub(super) fn flag(&self) -> Option<&'static str> {
        let mut given = self.members().into_iter().filter(|member| member.given);
        given.next().map(|member| member.flag)
    }

    /// Reads the file, if one is named. `method` is how the client is to authenticate, if that is said.
    pub(super) fn read(&mut self, method: Option<AuthMethod>) -> Result<(), Failure> {
        let other = method.filter(|method| *method != AuthMethod::PrivateKeyJwt);
        if let (Some(flag), Some(other)) = (self.flag(), other) {
            return Err(Failure::usage(format!(
                "a client with {flag} authenticates by private_key_jwt, not by {other}: leave out --auth-method, or leave out {flag}"
            )));
        }
        if let Some(path) = &self.jwks {
            self.read = Some(read_file(path)?);
        }
        Ok(())
    }

    /// Replaces the keys in `settings`, wherever they were, if some are named.
    pub(super) fn apply_to(&self, settings: &mut ClientSettings) {
        if self.flag().is_some() {
            settings.token_endpoint_auth_method = Some(AuthMethod::PrivateKeyJwt);
            settings.jwks.clone_from(&self.read);
            settings.jwks_uri.clone_from(&self.jwks_uri);
        }
    }
}

/// Warns of keys that could never be fetched: the client would hear 503 again and again, and only the log would say why.
pub(super) fn warn_if_never_asked(format: Format, opened: &Opened, settings: &ClientSettings) {
    if let Some(uri) = &settings.jwks_uri
        && !opened.key_sets.may_ask(uri)
    {
        let text = format!(
            "{uri} is no public address, and will not be asked; if that is meant, name its network in jwks_uri.allowed_networks"
        );
        warn(format, &text);
    }
}

fn read_file(path: &Path) -> Result<JwkSetDocument, Failure> {
    let read = if path.as_os_str() == "-" {
        read_text(io::stdin().lock())
    } else {
        File::open(path).and_then(read_text)
    };
    let told = |code, what: &dyn std::fmt::Display| {
        Failure::new(code, format!("{}: {what}", path.display()))
    };
    let text = read.map_err(|error| told("file", &error))?;
    if text.trim_start().starts_with("-----BEGIN") {
        let what = "this is PEM; what is needed is the public key as a JWK (RFC 7517), which countersign client public-key makes \
                    of a private one";
        return Err(told("invalid_client_metadata", &what));
    }
    set_of(&text).map_err(|error| told("invalid_client_metadata", &error))
}

/// A text, of which no more is read than shows that it is too long for a JWK Set.
fn read_text(input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let limit = u64::try_from(JwkSetDocument::MAX_LEN).unwrap_or(u64::MAX);
    input
        .take(limit.saturating_add(1))
        .read_to_string(&mut text)?;
    Ok(text)
}

/// A JWK Set, or one JWK as a set of one. Two members of one name would be read in two ways by two programs.
fn set_of(text: &str) -> Result<JwkSetDocument, String> {
    if text.len() > JwkSetDocument::MAX_LEN {
        return Err(JwkSetDocumentError::TooLong.to_string());
    }
    if text.trim().is_empty() {
        return Err("there is nothing in it".to_owned());
    }
    let object = json::parse_object(text.as_bytes()).map_err(|error| match error {
        JsonError::NotAnObject => JwkSetDocumentError::NotASet.to_string(),
        error => error.to_string(),
    })?;
    let object = if object.contains_key("kty") && !object.contains_key("keys") {
        Map::from_iter([("keys".to_owned(), json!([object]))])
    } else {
        object
    };
    object
        .try_into()
        .map_err(|error: JwkSetDocumentError| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"a"}"#;

    #[test]
    fn a_file_is_a_set_or_one_key() {
        let set = format!(r#"{{"keys":[{KEY}]}}"#);
        for (text, expected) in [
            (set.as_str(), Ok(1)),
            (KEY, Ok(1)),
            (
                &set.replace("]}", &format!(",{KEY}],\"kty\":\"OKP\"}}")),
                Ok(2),
            ),
            (r#"{"crv":"Ed25519"}"#, Err("whose member keys")),
            (r#"{"keys":[]}"#, Err("has no key")),
            (&format!("[{KEY}]"), Err("whose member keys")),
            ("", Err("nothing in it")),
            ("{", Err("not well-formed JSON")),
            (
                &format!(r#"{{"keys":[{KEY}],"keys":[{KEY}]}}"#),
                Err("stands twice"),
            ),
            (
                &format!(r#"{{"kty":"{}"}}"#, "x".repeat(70_000)),
                Err("at most 65536 bytes"),
            ),
        ] {
            let read = set_of(text).map(|set| {
                let set: serde_json::Value = serde_json::from_slice(&set.to_json()).unwrap();
                set["keys"].as_array().unwrap().len()
            });
            match (read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{text}"),
                (Err(read), Err(expected)) => assert!(read.contains(expected), "{read}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        let long = vec![b' '; 70_000];
        for (content, expected) in [
            (None, "No such file"),
            (Some(&b"\xff"[..]), "UTF-8"),
            (Some(b"{"), "not well-formed JSON"),
            (Some(b"-----BEGIN PUBLIC KEY-----\n"), "this is PEM"),
            (Some(b"{}"), "a JWK Set is a JSON object"),
            (Some(&long), "at most 65536 bytes"),
        ] {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let told = format!("{:?}", read_file(&path).unwrap_err());
            assert!(told.contains("jwks.json: "), "{told}");
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn keys_and_another_method_are_told_apart() {
        let by_uri = KeyArgs {
            jwks_uri: "https://client.example/jwks.json".parse().ok(),
            ..KeyArgs::default()
        };
        for method in AuthMethod::ALL {
            let read = by_uri.clone().read(Some(method));
            assert_eq!(
                read.is_ok(),
                method == AuthMethod::PrivateKeyJwt,
                "{method}"
            );
            assert!(KeyArgs::default().read(Some(method)).is_ok(), "{method}");
        }
        assert!(by_uri.clone().read(None).is_ok());
        let told = by_uri.clone().read(Some(AuthMethod::None)).unwrap_err();
        let told = format!("{told:?}");
        assert!(
            told.contains("not by none: leave out --auth-method, or leave out --jwks-uri"),
            "{told}"
        );
        assert!(told.contains("usage"), "{told}");
    }

    #[test]
    fn new_keys_take_the_place_of_the_old_ones_wherever_those_are() {
        let set: JwkSetDocument = set_of(KEY).unwrap();
        let uri: JwksUri = "https://client.example/jwks.json".parse().unwrap();
        let by_set = KeyArgs {
            jwks: Some("jwks.json".into()),
            read: Some(set.clone()),
            ..KeyArgs::default()
        };
        let by_uri = KeyArgs {
            jwks_uri: Some(uri.clone()),
            ..KeyArgs::default()
        };
        let mut settings = ClientSettings::new(Vec::new());
        for (args, jwks, jwks_uri) in [
            (&by_set, Some(&set), None),
            (&by_uri, None, Some(&uri)),
            (&KeyArgs::default(), None, Some(&uri)),
            (&by_set, Some(&set), None),
        ] {
            args.apply_to(&mut settings);
            assert_eq!(settings.jwks.as_ref(), jwks);
            assert_eq!(settings.jwks_uri.as_ref(), jwks_uri);
            let method = settings.token_endpoint_auth_method;
            assert_eq!(method, Some(AuthMethod::PrivateKeyJwt));
        }
    }
}
