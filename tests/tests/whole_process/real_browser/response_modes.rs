//! How a response reaches the client.

use std::net::Ipv6Addr;

use countersign_tests::Callback;
use serde_json::json;

use super::{ALLOW, BACK, Stage};

#[test]
fn form_post_arrives_by_itself_and_without_scripts_by_a_button() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let _ = stage.come_in();
    let request = stage.request().with("response_mode", "form_post");
    for scripts in [true, false] {
        browser.allow_scripts(scripts);
        stage.send_away(&request);
        if !scripts {
            browser.click("form button");
        }
        let arrival = stage.assert_back("a state");
        assert_eq!(arrival.method, "POST");
        assert!(arrival.get("code").starts_with("cs_ac_"), "{arrival:?}");
    }
    stage.finish();
}

#[test]
fn fragment_stays_in_the_browser() {
    let Some(stage) = Stage::set() else { return };
    let _ = stage.come_in();
    stage.send_away(&stage.request().with("response_mode", "fragment"));
    let arrival = stage.browser.arrival_at(&stage.client);
    assert!(arrival.parameters.is_empty(), "{arrival:?}");
    let url = stage.browser.url();
    let (_, fragment) = url.split_once('#').expect("a fragment");
    assert!(fragment.contains("code=cs_ac_"), "{url}");
    stage.finish();
}

/// Chromium applies `form-action` to every redirect that follows, those of the client included. So the policy of a page must
/// not stand in the way of a client that it does not name, or cannot name.
#[test]
fn a_form_leads_to_every_client_and_to_where_it_sends_its_users() {
    let Some(stage) = Stage::set() else { return };
    let browser = &stage.browser;
    let elsewhere = stage.client.uri("/home");
    let clients = [
        Some(Callback::send_on_to(&elsewhere)),
        // There are machines without IPv6.
        Callback::listen_at(Ipv6Addr::LOCALHOST.into(), "[::1]"),
    ];
    for (at, client) in clients.iter().enumerate() {
        let Some(client) = client else { continue };
        let (id, uri) = (format!("client-{at}"), client.uri(BACK));
        let described = json!({ "grant_types": ["authorization_code"], "redirect_uris": [&uri] });
        let _ = stage.home.add_described_client(&id, described);
        let request = stage.request().with("client_id", &id);
        let request = request.with("redirect_uri", &uri).with("prompt", "login");
        stage.send_away(&request);
        stage.sign_in(&stage.user);
        browser.click(ALLOW);
        let arrival = stage.browser.arrival_at(client);
        assert!(
            arrival.get("code").starts_with("cs_ac_"),
            "{uri}: {arrival:?}"
        );
    }
    assert_eq!(stage.browser.arrival_at(&stage.client).path, "/home");
    stage.finish();
}
