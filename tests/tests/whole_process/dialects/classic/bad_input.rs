//! Bad input of every kind, everywhere: an answer, and no fault of ours.

use countersign_tests::{Answer, Call, REDIRECT_URI, TestClient};

use super::{Classic, PATHS, STANDARD_ERRORS};

/// What may be said that a body is; the last one is nothing.
const TYPES: [&str; 4] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "text/plain",
    "",
];

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "X",
];

/// What may follow a path.
const ENDS: [&str; 8] = [
    "",
    "/",
    "/x",
    "?",
    "?token=%00",
    "?grant_type=%ff",
    "%00",
    "%ff",
];

const HEADERS: [(&str, &[u8]); 13] = [
    ("authorization", b"\xe9 \xff"),
    ("authorization", b"Basic \xff"),
    ("authorization", b"Basic Og=="),
    ("authorization", b"Basic /wD/OgA="),
    ("authorization", b"Bearer \xff\""),
    ("content-type", b"\xff"),
    ("content-type", b";"),
    ("content-encoding", b"gzip"),
    ("accept", b"\xff"),
    ("cookie", b"\xff=\xff"),
    ("origin", b"\xff"),
    ("user-agent", b"\xe9\"\xff"),
    ("x-forwarded-for", b"\xff, ,"),
];

/// Bodies that no request of a sane client has; those that name a client have good credentials.
fn bodies(client: &TestClient) -> Vec<Vec<u8>> {
    let (id, secret) = (&client.id, &client.secret);
    let json = |more: &str| format!(r#"{{"client_id":"{id}","client_secret":"{secret}",{more}}}"#);
    let form = |more: &str| format!("client_id={id}&client_secret={secret}&{more}");
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let long = "%C3%A9".repeat(5_000);
    let texts = [
        String::new(),
        "\0".to_owned(),
        "\u{feff}{}".to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
        json(&format!(r#""grant_type":{deep}"#)),
        json(&format!(r#""unknown":{deep}"#)),
        json(r#""grant_type":"\ud800""#),
        json(r#""grant_type":1e999"#),
        json(r#""grant_type":"password","username":"\u0000","password":"\u0000""#),
        json(r#""grant_type":"client_credentials","scope":"\n""#),
        json(r#""grant_type":"client_credentials","audience":"\u0000""#),
        json(r#""grant_type":"refresh_token","refresh_token":"\u0000""#),
        json(r#""grant_type":"authorization_code","code":"\u0000","redirect_uri":"\u0000""#),
        json(r#""token":"\u0000","token_type_hint":"\u0000""#),
        deep,
        form("grant_type=%00"),
        form("grant_type=password&username=%00&password=%ff"),
        form(&format!(
            "grant_type=password&username={long}&password={long}"
        )),
        form(&format!("grant_type=client_credentials&scope={long}")),
        form("grant_type=client_credentials&aud=%00&audience=http://["),
        form(&format!("grant_type=refresh_token&refresh_token={long}")),
        form("grant_type=refresh_token&refresh_token=eyJ.eyJ.%00"),
        form("grant_type=authorization_code&code=cs_ac_%ff&redirect_uri=%00&code_verifier=%00"),
        form(&format!("token={long}&token_type_hint={long}")),
        form("token=eyJhbGciOiJIUzI1NiJ9.e30."),
        "client_id=%00&client_secret=%00&token=x".to_owned(),
        "%%%&&&===;;;".to_owned(),
    ];
    let not_utf_8 = [&b"\xff\xfe=\xff"[..], b"{\"token\":\"\xff\"}"];
    let not_utf_8 = not_utf_8.map(<[u8]>::to_vec);
    texts
        .map(String::into_bytes)
        .into_iter()
        .chain(not_utf_8)
        .collect()
}

fn check(call: Call, what: &str) -> Answer {
    // Where nobody reads a body, the connection ends with it.
    let answer = call.header("connection", "close").send();
    assert!(answer.status < 500, "{what}: {}", answer.text());
    answer
}

#[test]
fn nothing_that_is_sent_gets_a_500() {
    for variables in [&[][..], &[STANDARD_ERRORS]] {
        let codes = ["--grant-type", "authorization_code"];
        let redirect = ["--redirect-uri", REDIRECT_URI];
        let classic = Classic::with(&[codes, redirect].concat(), variables);
        let good = format!(
            "grant_type=client_credentials&token=x&client_id={}&client_secret={}",
            classic.client.id, classic.client.secret
        );
        for path in PATHS {
            for body in bodies(&classic.client) {
                for content_type in TYPES {
                    let shown = String::from_utf8_lossy(&body[..body.len().min(99)]);
                    let what = format!("{path} {content_type} {shown}");
                    let call = classic.server.post(path).body(body.clone());
                    let call = match content_type {
                        "" => call,
                        named => call.header("content-type", named),
                    };
                    // Whatever is said, is said in JSON.
                    let _ = check(call, &what).json();
                }
            }
            for (name, value) in HEADERS {
                let what = format!("{path} {name}: {}", String::from_utf8_lossy(value));
                let call = classic.server.post(path).header(name, value);
                let _ = check(call.body(&*good), &what).json();
            }
            for method in METHODS {
                for end in ENDS {
                    let path = format!("{path}{end}");
                    let call = classic.server.call(method, &path).body("{}");
                    let _ = check(call, &format!("{method} {path}"));
                }
            }
        }
        assert_eq!(classic.own(&[]).status, 200, "it goes on");
    }
}
