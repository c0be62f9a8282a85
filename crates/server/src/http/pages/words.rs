//! What stands on the pages in words.

use std::net::IpAddr;

use countersign_provider::pages::{Notice, ShownClient};

/// Where an application is, for people who know the name of a site when they see it. A name can be made up, a host not.
pub(super) fn place(client: &ShownClient) -> &str {
    match &client.host {
        Some(host) if !is_this_device(host) => host,
        _ => "an app on this device",
    }
}

/// RFC 8252 §7.3: an application listens on the loopback interface of the device that it runs on.
fn is_this_device(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|it: IpAddr| it.is_loopback())
}

/// Why a page is shown again.
pub(super) fn notice(notice: Notice) -> String {
    match notice {
        Notice::Wrong => "The username or the password is wrong.".to_owned(),
        Notice::TooMany { seconds: 1 } => {
            "There were too many wrong attempts. Try again in a second.".to_owned()
        }
        Notice::TooMany { seconds } => {
            format!("There were too many wrong attempts. Try again in {seconds} seconds.")
        }
        Notice::TooOld => "This page was open for too long. Go on from here.".to_owned(),
        Notice::Changed => {
            "Something has changed since you were asked. Look at this page again.".to_owned()
        }
    }
}

/// A description of the protocol as a sentence.
pub(super) fn sentence(description: &str) -> String {
    let mut chars = description.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_at_its_host_or_on_this_device() {
        let here = "an app on this device";
        for (host, expected) in [
            (None, here),
            (Some("app.example"), "app.example"),
            (Some("localhost"), here),
            (Some("127.0.0.1"), here),
            (Some("[::1]"), here),
            (Some("192.0.2.1"), "192.0.2.1"),
            (Some("localhost.example"), "localhost.example"),
            (Some("127.0.0.1.example"), "127.0.0.1.example"),
        ] {
            let client = ShownClient {
                name: "n".to_owned(),
                host: host.map(str::to_owned),
            };
            assert_eq!(place(&client), expected, "{host:?}");
        }
    }

    #[test]
    fn a_notice_says_when_to_come_back() {
        for (seconds, end) in [(1, "in a second."), (8, "in 8 seconds.")] {
            assert!(notice(Notice::TooMany { seconds }).ends_with(end));
        }
    }

    #[test]
    fn a_description_becomes_a_sentence() {
        assert_eq!(sentence("the form is 'x'"), "The form is 'x'.");
        assert_eq!(sentence(""), ".");
    }
}
