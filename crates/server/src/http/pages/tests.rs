//! The pages as they are sent.

use countersign_jose::{base64url, digest};
use countersign_protocol::ErrorCode;
use countersign_provider::Origin;
use countersign_provider::pages::{SealedTicket, ShownClient, ShownScope};

use super::*;

/// Texts that come from outside, one for each place on the pages.
struct Texts<'a> {
    name: &'a str,
    host: &'a str,
    username: &'a str,
    ticket: &'a str,
    scope: &'a str,
    words: &'a str,
    state: &'a str,
    path: &'a str,
}

const PLAIN: Texts<'static> = Texts {
    name: "name",
    host: "host",
    username: "username",
    ticket: "ticket",
    scope: "scope",
    words: "words",
    state: "state",
    path: "path",
};

fn all_the_same(text: &str) -> Texts<'_> {
    Texts {
        name: text,
        host: text,
        username: text,
        ticket: text,
        scope: text,
        words: text,
        state: text,
        path: text,
    }
}

fn issuer() -> Issuer {
    "https://as.example/t".parse().unwrap()
}

fn client(texts: &Texts<'_>) -> ShownClient {
    ShownClient {
        name: texts.name.to_owned(),
        host: Some(texts.host.to_owned()),
    }
}

fn sign_in_page(texts: &Texts<'_>, notice: Option<Notice>) -> SignInPage {
    SignInPage {
        client: client(texts),
        ticket: SealedTicket::new(texts.ticket.to_owned()),
        username: texts.username.to_owned(),
        notice,
    }
}

/// Every page, by its name.
fn all(texts: &Texts<'_>) -> Vec<(&'static str, Page)> {
    let owned = str::to_owned;
    let issuer = &issuer();
    let select = SelectAccountPage {
        client: client(texts),
        ticket: SealedTicket::new(owned(texts.ticket)),
        username: owned(texts.username),
        notice: Some(Notice::TooOld),
    };
    let scope = |name: &str, words: &str| ShownScope {
        name: owned(name),
        words: owned(words),
    };
    let agree = ConsentPage {
        client: client(texts),
        ticket: SealedTicket::new(owned(texts.ticket)),
        username: owned(texts.username),
        scopes: vec![scope(texts.scope, ""), scope("x", texts.words)],
        notice: Some(Notice::Changed),
    };
    let leave = ConfirmSignOutPage {
        ticket: SealedTicket::new(owned(texts.ticket)),
        username: owned(texts.username),
        leads_away: true,
    };
    let refusal = ErrorResponse::new(ErrorCode::InvalidRequest, texts.name);
    let fields = [("code", owned("c")), ("state", owned(texts.state))];
    let uri = format!("https://app.example/{}", texts.path);
    vec![
        (
            "sign in",
            sign_in(issuer, &sign_in_page(texts, Some(Notice::Wrong))),
        ),
        ("select account", select_account(issuer, &select)),
        ("consent", consent(issuer, &agree)),
        ("confirm sign out", confirm_sign_out(issuer, &leave)),
        ("signed out", signed_out(SignedOutPage { stays: false })),
        ("stays", signed_out(SignedOutPage { stays: true })),
        ("error", error(&refusal.into())),
        ("form post", form_post(&uri, &fields)),
    ]
}

/// What may end a text or an attribute, counted.
fn markup(html: &str) -> Vec<usize> {
    ['<', '>', '"', '\'']
        .map(|char| html.matches(char).count())
        .to_vec()
}

#[test]
fn rfc6749_67_and_attack_7_what_comes_from_outside_stays_text() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onfocus='alert(1)' x='",
        "</title></style><script>alert(1)</script>",
        "</form><form action=https://evil.example>",
        "<!--",
        "]]>",
        "{{ 7 * 7 }}{% include \"page.css\" %}",
        "&lt;script&gt;&quot;",
        "javascript:alert(1)",
    ];
    for text in hostile {
        let harmless = all(&PLAIN);
        for ((what, expected), (_, page)) in harmless.into_iter().zip(all(&all_the_same(text))) {
            let html = &page.html;
            assert_eq!(markup(html), markup(&expected.html), "{what}: {html}");
            assert!(!html.contains("49"), "{what}: {html}");
        }
    }
}

#[test]
fn what_is_escaped_reads_as_it_was_given() {
    let pages = all(&all_the_same("a&amp;<b>\"'"));
    for (what, page) in &pages[..4] {
        let text = "a&#38;amp;&#60;b&#62;&#34;&#39;";
        assert!(page.html.contains(text), "{what}: {}", page.html);
    }
}

/// What stands between the first `open` and the next `close`.
fn between<'html>(html: &'html str, open: &str, close: &str) -> Option<&'html str> {
    let (_, rest) = html.split_once(open)?;
    rest.split_once(close).map(|(inside, _)| inside)
}

#[test]
fn rfc9700_30_the_policy_of_a_page_lets_in_what_is_on_it() {
    let source = |text: &str| {
        let hash = base64url::encode(&digest::sha256(text.as_bytes()));
        hash.replace('-', "+").replace('_', "/")
    };
    for (what, page) in all(&PLAIN) {
        let style = between(&page.html, "<style>", "</style>").unwrap();
        let policy = &page.policy;
        assert!(policy.contains(&source(style)), "{what}: {policy}");
        match between(&page.html, "<script>", "</script>") {
            Some(script) => assert!(policy.contains(&source(script)), "{what}: {policy}"),
            None => assert!(!policy.contains("script-src"), "{what}: {policy}"),
        }
        let has_script = what == "form post";
        assert_eq!(page.html.contains("<script"), has_script, "{what}");
        for forbidden in [
            " style=", " onload", " onclick", " src=", " href=", "url(", "@import",
        ] {
            assert!(!page.html.contains(forbidden), "{what}: {forbidden}");
        }
    }
}

#[test]
fn a_page_without_a_form_leads_nowhere_and_one_that_stays_here_nowhere_else() {
    for (what, page) in all(&PLAIN) {
        let forms = page.html.matches("<form ").count();
        let expected = match what {
            "signed out" | "stays" | "error" => Some("form-action 'none';"),
            // Chromium applies it to whatever redirects follow, also to those of the client.
            _ => None,
        };
        match expected {
            Some(policy) => assert!(page.policy.contains(policy), "{what}: {}", page.policy),
            None => assert!(!page.policy.contains("form-action"), "{what}"),
        }
        assert_eq!(forms, usize::from(expected.is_none()), "{what}");
    }
}

#[test]
fn forms_go_below_the_path_of_the_issuer() {
    for ((what, page), path) in all(&PLAIN).into_iter().zip([
        "/t/sign-in",
        "/t/select-account",
        "/t/consent",
        "/t/logout/confirm",
    ]) {
        let form = format!("<form method=\"post\" action=\"{path}\">");
        assert!(page.html.contains(&form), "{what}: {}", page.html);
    }
}

#[test]
fn pages_can_be_read_without_being_seen() {
    for (what, page) in all(&PLAIN) {
        let html = &page.html;
        assert!(
            html.starts_with("<!doctype html>\n<html lang=\"en\">"),
            "{what}"
        );
        let once = ["<title>", "<h1>", "<main>", "name=\"viewport\""];
        for tag in once {
            assert_eq!(html.matches(tag).count(), 1, "{what}: {tag}");
        }
        let title = between(html, "<title>", "</title>").unwrap();
        assert!(!title.is_empty(), "{what}");
        let heading = between(html, "<h1>", "</h1>").unwrap();
        assert_eq!(title, heading, "{what}");
        for input in html.split("<input ").skip(1) {
            let input = input.split_once('>').unwrap().0;
            if input.contains("type=\"hidden\"") {
                continue;
            }
            let id = between(input, "id=\"", "\"").unwrap();
            let label = format!("<label for=\"{id}\">");
            assert_eq!(html.matches(&label).count(), 1, "{what}: {id}");
        }
        for described in html.split("aria-describedby=\"").skip(1) {
            let id = described.split_once('"').unwrap().0;
            assert!(html.contains(&format!("id=\"{id}\"")), "{what}: {id}");
        }
    }
}

#[test]
fn a_notice_is_told_aloud_and_gives_the_status() {
    for (notice, status, retry_after) in [
        (None, 200, None),
        (Some(Notice::Wrong), 400, None),
        (Some(Notice::TooMany { seconds: 8 }), 429, Some(8)),
        (Some(Notice::TooOld), 200, None),
        (Some(Notice::Changed), 200, None),
    ] {
        let page = sign_in(&issuer(), &sign_in_page(&PLAIN, notice));
        assert_eq!(
            (page.status.as_u16(), page.retry_after),
            (status, retry_after)
        );
        let is_told = page.html.contains("id=\"notice\" role=\"alert\">");
        assert_eq!(is_told, notice.is_some(), "{notice:?}");
    }
}

#[test]
fn the_cursor_stands_where_something_is_missing() {
    for (username, focused) in [("", "username"), ("jane", "password")] {
        let texts = Texts { username, ..PLAIN };
        let page = sign_in(&issuer(), &sign_in_page(&texts, None));
        let mut inputs = page.html.split("<input ").skip(1);
        let input = inputs
            .find(|input| input.split_once('>').unwrap().0.contains("autofocus"))
            .unwrap();
        assert!(input.contains(&format!("name=\"{focused}\"")), "{username}");
        assert_eq!(page.html.matches("autofocus").count(), 1, "{username}");
    }
}

#[test]
fn the_first_button_goes_on() {
    for (at, (name, first, second)) in [
        (1, ("account", "current", "other")),
        (2, ("decision", "allow", "deny")),
        (3, ("decision", "sign_out", "stay")),
    ] {
        let (what, page) = all(&PLAIN).swap_remove(at);
        let place = |value: &str| {
            let button = format!("<button name=\"{name}\" value=\"{value}\"");
            page.html.find(&button).expect(what)
        };
        assert!(place(first) < place(second), "{what}");
    }
}

#[test]
fn an_error_page_has_the_status_of_its_error() {
    let away = ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "x");
    for (page, status, retry_after) in [
        (ErrorPage::foreign_form(Origin::default()), 403, None),
        (away.into(), 503, Some(1)),
        (ErrorResponse::body_too_large().into(), 413, None),
    ] {
        let page = error(&page);
        assert_eq!(
            (page.status.as_u16(), page.retry_after),
            (status, retry_after)
        );
    }
}

#[test]
fn the_answer_of_a_form_post_comes_whole() {
    let fields = [("code", "a".to_owned()), ("state", "\"&+ ".to_owned())];
    let page = form_post("https://app.example/cb?x=1&y=2", &fields);
    for expected in [
        "<form method=\"post\" action=\"https://app.example/cb?x=1&#38;y=2\">",
        "<input type=\"hidden\" name=\"code\" value=\"a\">",
        "<input type=\"hidden\" name=\"state\" value=\"&#34;&#38;+ \">",
        "<button>Continue</button>",
    ] {
        assert!(page.html.contains(expected), "{}", page.html);
    }
}
