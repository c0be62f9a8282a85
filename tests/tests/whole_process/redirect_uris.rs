//! Redirect URIs as attackers write them: attack classes 1 to 7. Each gets a page, and nobody is redirected.

use countersign_tests::{Home, Kind, Mode, REDIRECT_URI, Request, Server};
use serde_json::json;

use crate::web::{assert_error_page, error_of};

/// How a response can reach a client; the last ones are none of ours.
const MODES: [&str; 7] = [
    "query",
    "fragment",
    "form_post",
    "",
    "form_post.jwt",
    "query.jwt",
    "web_message",
];

fn start() -> (Home, Server) {
    let home = Home::with_keys();
    let _ = home.add_web_client("web", &[]);
    let native = [
        "http://127.0.0.1/cb",
        "http://[::1]/cb",
        "http://localhost:7000/cb",
        "com.example.app:/cb",
    ];
    let _ = home.add_described_client(
        "native",
        json!({
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "redirect_uris": native,
        }),
    );
    let server = home.serve();
    (home, server)
}

/// These URIs of a client are good.
fn assert_meant(server: &Server, client_id: &str, uris: &[&str]) {
    for uri in uris {
        let request = Request::of(client_id).with("redirect_uri", uri);
        let answer = server.browser().authorize(&request);
        assert_eq!(answer.kind(), Kind::SignIn, "{uri}: {}", answer.text());
    }
}

/// These are not: in no response mode, by no method, and whatever else is wrong with the request.
fn assert_refused(server: &Server, client_id: &str, uris: &[&str]) {
    for uri in uris {
        let request = Request::of(client_id).with("redirect_uri", uri);
        for mode in MODES {
            let answer = server
                .browser()
                .authorize(&request.clone().with("response_mode", mode));
            assert_error_page(&answer, 400, &format!("{uri:?} {mode}"));
        }
        let faulty = [
            request.clone().with("response_type", "token"),
            request.clone().with("response_type", "x"),
            request.clone().with("prompt", "none"),
            request.clone().with("scope", "nothing"),
            request.clone().with("request", "x"),
        ];
        for faulty in faulty {
            let answer = server.browser().authorize(&faulty);
            assert_error_page(&answer, 400, &format!("{uri:?} {faulty:?}"));
        }
        let mut browser = server.browser();
        let post = server.post("/oauth2/authorize");
        let answer = browser.send(post.form_bytes(request.encoded()));
        let answer = browser.follow(answer);
        assert_error_page(&answer, 400, &format!("POST {uri:?}"));
    }
}

#[test]
fn cve_2020_15234_attack_1_redirect_uris_are_compared_byte_for_byte() {
    let (_home, server) = start();
    assert_meant(&server, "web", &[REDIRECT_URI]);
    let hostile = [
        "https://app.example/CB",
        "https://app.example/cB",
        "https://APP.example/cb",
        "https://app.EXAMPLE/cb",
        "HTTPS://app.example/cb",
        "Https://app.example/cb",
        "https://app.example/\u{217d}b",
        "https://\u{ff41}pp.example/cb",
        "https://app\u{3002}example/cb",
        "https://app.example/c\u{200b}b",
    ];
    assert_refused(&server, "web", &hostile);
    let native = [
        "COM.example.app:/cb",
        "com.example.APP:/cb",
        "HTTP://127.0.0.1/cb",
    ];
    assert_refused(&server, "native", &native);
}

#[test]
fn cve_2020_15233_attack_2_only_the_port_of_a_loopback_address_may_differ() {
    let (_home, server) = start();
    let meant = [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:51004/cb",
        "http://[::1]:65535/cb",
        "http://localhost:7000/cb",
    ];
    assert_meant(&server, "native", &meant);
    let hostile = [
        "http://127.0.0.1:51004/cb?x=y",
        "http://127.0.0.1:51004/cb?",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:-1/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80:80/cb",
        "http://127.0.0.2:51004/cb",
        "http://127.1:51004/cb",
        "http://0x7f.0.0.1/cb",
        "http://2130706433/cb",
        "http://0177.0.0.1/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[::1%25lo]:1/cb",
        "http://[::]/cb",
        "http://0.0.0.0/cb",
        "http://localhost/cb",
        "http://localhost:7001/cb",
        "http://localhost.:7000/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1.evil.example/cb",
    ];
    assert_refused(&server, "native", &hostile);
    // What is no loopback address has the port that was registered.
    let hostile = ["https://app.example:443/cb", "https://app.example:8443/cb"];
    assert_refused(&server, "web", &hostile);
}

#[test]
fn cve_2023_6927_cve_2023_6134_attack_3_there_are_no_wildcards_in_any_response_mode() {
    let (home, server) = start();
    let stars = ["https://app.example/*", "https://app.example/cb?*"];
    let _ = home.add_described_client("star", json!({ "redirect_uris": stars }));
    assert_meant(&server, "star", &["https://app.example/*"]);
    let hostile = [
        "https://app.example/evil",
        "https://app.example/",
        "https://app.example/cb?",
        "https://app.example/cb?x",
        "https://app.example/**",
        "https://evil.example/*",
    ];
    assert_refused(&server, "star", &hostile);
    // A mode that is none of ours is refused by the mode that the response type has by default.
    for mode in [
        "form_post.jwt",
        "query.jwt",
        "fragment.jwt",
        "jwt",
        "web_message",
    ] {
        let request = Request::of("web").with("response_mode", mode);
        let answer = server.browser().authorize(&request);
        assert_eq!(error_of(&answer), "invalid_request", "{mode}");
        let response = answer.response();
        assert_eq!(response.mode, Mode::Query, "{mode}");
        assert_eq!(response.redirect_uri, REDIRECT_URI, "{mode}");
    }
}

#[test]
fn cve_2024_8883_cve_2023_6291_attack_4_no_parser_reads_a_redirect_uri_otherwise() {
    let (_home, server) = start();
    let hostile = [
        "https://app.example@evil.example/cb",
        "https://app.example:443@evil.example/cb",
        "https://app.example%40evil.example/cb",
        "https://app.example:@evil.example/cb",
        "https://user@app.example/cb",
        "https://evil.example#@app.example/cb",
        "https://evil.example?@app.example/cb",
        "https://evil.example\\@app.example/cb",
        "https://evil.example/@app.example/cb",
        "https://app.example\\.evil.example/cb",
        "https://app.example%2eevil.example/cb",
        "https://app.example%00.evil.example/cb",
        "https://app.example,evil.example/cb",
        "https:app.example/cb",
        "https:/app.example/cb",
        "https:///app.example/cb",
        "https:\\\\app.example\\cb",
        "//app.example/cb",
        "app.example/cb",
        "https://app.example\t/cb",
        "https://app.example/cb\n",
        "https://app.example/cb\r\nLocation: https://evil.example",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb\0",
        "https://app.example/cb https://evil.example/cb",
        "[\"https://app.example/cb\"]",
    ];
    assert_refused(&server, "web", &hostile);
    let hostile = [
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://127.0.0.1:51004\\@evil.example/cb",
        "http://127.0.0.1:80evil.example/cb",
        "http://evil.example#127.0.0.1/cb",
        "http://[::1]@evil.example/cb",
        "http://[::1].evil.example/cb",
        "com.example.app://evil.example/cb",
        "com.example.app:cb",
    ];
    assert_refused(&server, "native", &hostile);
}

#[test]
fn cve_2024_1132_cve_2026_3872_cve_2022_3782_attack_5_no_path_is_normalised() {
    let (_home, server) = start();
    let paths = [
        "/cb/../evil",
        "/cb/..;/evil",
        "/cb/%2e%2e/evil",
        "/cb/..%2fevil",
        "/cb/%2e%2e%2fevil",
        "/cb/..%5cevil",
        "/cb/..\\evil",
        "/x/../cb",
        "/x/..;/cb",
        "/%2e/cb",
        "/./cb",
        "//cb",
        "/cb/",
        "/cb/.",
        "/cb;x",
        "/cb%00",
        "/cb%0a",
        "/cb%2f",
        "/%63b",
        "/cb?",
        "/cb?next=https://evil.example",
        "/cb#",
        "/cb#x",
        "\\cb",
        "",
        "/",
    ];
    let hostile = paths.map(|path| format!("https://app.example{path}"));
    let hostile: Vec<&str> = hostile.iter().map(String::as_str).collect();
    assert_refused(&server, "web", &hostile);
}

#[test]
fn cve_2024_52289_attack_6_a_dot_is_a_dot() {
    let (_home, server) = start();
    let hostile = [
        "https://appXexample/cb",
        "https://app-example/cb",
        "https://app/example/cb",
        "https://evilapp.example/cb",
        "https://evil.app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.exampleevil/cb",
        "https://app.example./cb",
        "https://app.example/cbevil",
        "https://evil.example/https://app.example/cb",
        "https://evil.example/cb?https://app.example/cb",
        "xhttps://app.example/cb",
        "^https://app.example/cb$",
        "https://app.example/c.",
    ];
    assert_refused(&server, "web", &hostile);
}

/// Schemes that run code, or read files: they are neither registered nor asked for.
#[test]
fn cve_2024_21637_attack_7_no_scheme_runs_code() {
    let (home, server) = start();
    let hostile = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/x",
        "about:blank",
        "view-source:https://app.example/cb",
        "intent://app.example/cb",
        "http://app.example/cb",
    ];
    assert_refused(&server, "web", &hostile);
    assert_refused(&server, "native", &hostile);
    for (number, uri) in hostile.iter().enumerate() {
        for flag in ["--redirect-uri", "--post-logout-redirect-uri"] {
            let id = format!("c{number}");
            let good = ["client", "add", &*id, "--redirect-uri", REDIRECT_URI];
            let done = home.run(&[&good, &[flag, uri][..]].concat());
            assert_eq!(done.code, Some(2), "{uri:?} {done:?}");
        }
    }
    let own = [
        "client",
        "add",
        "web2",
        "--redirect-uri",
        "com.example.app:/cb",
    ];
    let done = home.run(&own);
    assert_ne!(
        done.code,
        Some(0),
        "a scheme of its own is for native clients"
    );
}
