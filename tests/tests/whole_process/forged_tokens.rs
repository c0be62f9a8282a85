//! Tokens that were changed or made by somebody else: attack classes C 34 and E, seen from outside.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_tests::{Home, Server, TestClient, jwt};
use serde_json::{Value, json};

use crate::own_key::OwnKey;

/// What every test here needs: a server, and a client that may know about all tokens.
fn start(format: &str) -> (Home, Server, TestClient) {
    let home = Home::with_keys();
    let arguments = [
        "--scope",
        "read",
        "--introspect",
        "any",
        "--access-token-format",
        format,
    ];
    let client = home.add_client("c", &arguments);
    let server = home.serve();
    (home, server, client)
}

/// A character of the same alphabet, but another one.
fn other(char: char) -> char {
    match char {
        'A' => 'B',
        '.' => 'x',
        _ => 'A',
    }
}

#[test]
fn attack_34_cve_2026_27840_a_token_with_one_character_changed_is_inactive() {
    for format in ["jwt", "opaque"] {
        let (_home, server, client) = start(format);
        let token = server.issue(&client, &[]);
        let chars: Vec<char> = token.chars().collect();
        for at in 0..chars.len() {
            let mut changed = chars.clone();
            changed[at] = other(changed[at]);
            let changed: String = changed.into_iter().collect();
            assert!(
                !server.is_active(&client, &changed),
                "{format}, character {at}"
            );
        }
        assert!(server.is_active(&client, &token));
    }
}

#[test]
fn attack_34_cve_2026_27840_a_token_of_another_length_is_inactive() {
    for format in ["jwt", "opaque"] {
        let (_home, server, client) = start(format);
        let token = server.issue(&client, &[]);
        for length in (0..token.len())
            .rev()
            .step_by(7)
            .chain(token.len() - 6..token.len())
        {
            if length > 0 {
                assert!(
                    !server.is_active(&client, &token[..length]),
                    "{format}, {length} left"
                );
            }
        }
        for more in [
            "A", "AA", "AAAA", "=", "==", ".", ".A", " ", "\n", "\0", "%00", ",", &token,
        ] {
            assert!(
                !server.is_active(&client, &format!("{token}{more}")),
                "{format} + {more:?}"
            );
            assert!(
                !server.is_active(&client, &format!("{more}{token}")),
                "{more:?} + {format}"
            );
        }
        let upper = token.to_ascii_uppercase();
        assert!(!server.is_active(&client, &upper), "{format} in capitals");
        // RULES T2: one spelling. The last character of some lengths has bits that say nothing.
        let last = token.chars().next_back().unwrap();
        for char in ('A'..='Z')
            .chain('a'..='z')
            .chain('0'..='9')
            .chain(['-', '_'])
        {
            let respelled = format!("{}{char}", &token[..token.len() - 1]);
            assert_eq!(
                server.is_active(&client, &respelled),
                char == last,
                "{format}, {char} at the end"
            );
        }
    }
}

#[test]
fn attack_47_alg_none_in_any_spelling_is_inactive() {
    let (_home, server, client) = start("jwt");
    let token = server.issue(&client, &[]);
    let (header, _) = jwt::parts(&token);
    let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        unreachable!("a JWT has three parts");
    };
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!(""),
        json!(null),
        json!(0),
    ] {
        let mut header = header.clone();
        header["alg"] = alg.clone();
        for signature in ["", signature, "AA"] {
            let forged = format!("{}.{claims}.{signature}", jwt::encode(header.to_string()));
            assert!(!server.is_active(&client, &forged), "{alg} {signature}");
        }
    }
    for header in [json!({}), json!([]), json!("none")] {
        let forged = format!("{}.{claims}.{signature}", jwt::encode(header.to_string()));
        assert!(!server.is_active(&client, &forged), "{header}");
    }
}

#[test]
fn attack_46_a_public_key_is_no_hmac_secret() {
    let (_home, server, client) = start("jwt");
    let token = server.issue(&client, &[]);
    let (mut header, claims) = jwt::parts(&token);
    let set = server.get("/oauth2/jwks");
    let jwks = set.json();
    let kid = header["kid"].clone();
    let key = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == kid);
    let key = key.unwrap();
    let point = [
        &[4],
        &*jwt::decode(key["x"].as_str().unwrap()),
        &jwt::decode(key["y"].as_str().unwrap()),
    ]
    .concat();
    // RFC 5480: SubjectPublicKeyInfo of a P-256 key is this, and the point.
    let spki = [b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00", &*point].concat();
    let base64 = STANDARD.encode(&spki);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----",
        &base64[..64],
        &base64[64..]
    );
    let secrets: [(&str, Vec<u8>); 8] = [
        ("PEM", pem.clone().into_bytes()),
        ("PEM and a line end", format!("{pem}\n").into_bytes()),
        ("PEM after white space", format!(" \n{pem}").into_bytes()),
        ("DER", spki),
        ("point", point),
        ("JWK", key.to_string().into_bytes()),
        ("kid", kid.as_str().unwrap().as_bytes().to_vec()),
        ("nothing", Vec::new()),
    ];
    for (alg, hash) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        header["alg"] = alg.into();
        for (what, secret) in &secrets {
            let signed = format!(
                "{}.{}",
                jwt::encode(header.to_string()),
                jwt::encode(claims.to_string())
            );
            let tag = hmac::sign(&hmac::Key::new(hash, secret), signed.as_bytes());
            let forged = format!("{signed}.{}", jwt::encode(tag));
            assert!(!server.is_active(&client, &forged), "{alg} with {what}");
        }
    }
}

#[test]
fn attack_49_51_66_67_what_a_stranger_signs_is_inactive_whatever_its_header_says() {
    let (_home, server, client) = start("jwt");
    let attacker = OwnKey::new();
    let token = server.issue(&client, &[]);
    let (real, claims) = jwt::parts(&token);
    let kid = real["kid"].as_str().unwrap();
    let claims = claims.to_string();
    let with = |name: &str, value: Value| {
        let mut header = real.clone();
        header[name] = value;
        header.to_string()
    };
    let url = "https://attacker.example/jwks.json";
    let headers = [
        ("the real header", real.to_string()),
        ("embedded jwk (attack 49)", with("jwk", attacker.jwk())),
        (
            "embedded jwk without kid",
            json!({ "alg": "ES256", "typ": "at+jwt", "jwk": attacker.jwk() }).to_string(),
        ),
        ("jku (attack 49)", with("jku", url.into())),
        ("x5u (attack 49)", with("x5u", url.into())),
        ("x5c (attack 49)", with("x5c", json!(["MIIB"]))),
        (
            "unknown crit (attack 51)",
            with("crit", json!(["https://attacker.example/x"])),
        ),
        (
            "b64 (attack 51)",
            r#"{"alg":"ES256","typ":"at+jwt","b64":false,"crit":["b64"]}"#.into(),
        ),
        ("unknown kid (attack 50)", with("kid", "nobody".into())),
        (
            "kid as path (attack 50)",
            with("kid", "../../../../dev/null".into()),
        ),
        ("kid as SQL (attack 50)", with("kid", "' OR '1'='1".into())),
        ("kid as number", with("kid", 1.into())),
        ("typ JWT (attack 67)", with("typ", "JWT".into())),
        (
            "two alg (attack 66)",
            format!(r#"{{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        ),
        (
            "alg of another key (attack 48)",
            with("alg", "ES384".into()),
        ),
    ];
    for (what, header) in headers {
        assert!(
            !server.is_active(&client, &attacker.sign(&header, &claims)),
            "{what}"
        );
    }
    // Duplicate members and other claims (attacks 53, 54, 66), with the real header.
    let twice = claims.replacen('{', r#"{"client_id":"other","#, 1);
    for claims in [
        &*twice,
        "{}",
        "[]",
        "null",
        "",
        "{",
        r#"{"exp":"never"}"#,
        r#"{"exp":1e400}"#,
    ] {
        assert!(
            !server.is_active(&client, &attacker.sign(&real.to_string(), claims)),
            "{claims}"
        );
    }
    // CVE-2022-21449 (attack 57): a signature of zeros.
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert!(!server.is_active(&client, &format!("{signed}.{}", jwt::encode([0; 64]))));
    assert!(server.is_active(&client, &token));
}

#[test]
fn rule_t1_tokens_of_another_installation_are_inactive() {
    for format in ["jwt", "opaque"] {
        // The same issuer, client and times; only the keys differ.
        let home = Home::empty();
        let (_other_home, other, other_client) = start(format);
        let client = home.add_client("c", &["--introspect", "any", "--scope", "read"]);
        let server = home.serve_with(&["--issuer", &other.issuer], &[]);
        assert_eq!(server.issuer, other.issuer);
        let token = other.issue(&other_client, &[]);
        assert!(other.is_active(&other_client, &token));
        assert!(!server.is_active(&client, &token), "{format}");
    }
}

#[test]
fn rule_t3_tokens_of_another_issuer_are_inactive_under_the_same_keys() {
    for format in ["jwt", "opaque"] {
        let (home, server, client) = start(format);
        let token = server.issue(&client, &[]);
        drop(server);
        let renamed = home.serve_with(&["--issuer", "http://localhost/renamed"], &[]);
        let form = [("token", &*token)];
        let answer = renamed
            .post("/renamed/oauth2/introspect")
            .basic(&client)
            .form(&form)
            .send();
        assert_eq!(answer.text(), r#"{"active":false}"#, "{format}");
    }
}
