//! What the forms of our own pages send. Each is believed from this very origin only, and the provider believes it with the
//! ticket and the cookie of its page only (RFC 6749 §10.12, attack class 16).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use countersign_core::Issuer;
use countersign_protocol::{ErrorResponse, Form};
use countersign_provider::pages::ErrorPage;
use countersign_provider::{Answer, Browser, Origin};

use super::visit::Visit;
use super::{Service, answer, origin};

pub(super) async fn sign_in(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let sent = Sent::read(&service, request).await?;
        Ok(service
            .provider
            .submit_sign_in(&sent.form, &sent.browser, sent.origin)
            .await)
    };
    write(&service, decided.await)
}

pub(super) async fn select_account(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let sent = Sent::read(&service, request).await?;
        Ok(service
            .provider
            .submit_account(&sent.form, &sent.browser, sent.origin)
            .await)
    };
    write(&service, decided.await)
}

pub(super) async fn consent(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let sent = Sent::read(&service, request).await?;
        Ok(service
            .provider
            .submit_consent(&sent.form, &sent.browser, sent.origin)
            .await)
    };
    write(&service, decided.await)
}

pub(super) async fn confirm_sign_out(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let sent = Sent::read(&service, request).await?;
        Ok(service
            .provider
            .submit_sign_out(&sent.form, &sent.browser, sent.origin)
            .await)
    };
    write(&service, decided.await)
}

fn write(service: &Service, decided: Result<Answer, ErrorPage>) -> Response {
    let answer = decided.unwrap_or_else(Answer::from);
    answer::write(&service.provider.settings().issuer, &answer)
}

/// A form of one of our pages, as far as its sender can be told.
struct Sent {
    form: Form,
    browser: Browser,
    origin: Origin,
}

impl Sent {
    async fn read(service: &Service, request: Request) -> Result<Self, ErrorPage> {
        if is_foreign(request.headers(), &service.provider.settings().issuer) {
            let proxies = &service.trusted_proxies;
            let origin = origin::origin(request.extensions(), request.headers(), proxies);
            return Err(ErrorPage::foreign_form(origin));
        }
        let visit = Visit::read(service, request).await?;
        let form = Form::parse(visit.encoded.expose(), &[]).map_err(ErrorResponse::from)?;
        Ok(Self {
            form,
            browser: visit.browser,
            origin: visit.origin,
        })
    }
}

/// Whether a browser says that another site made it send this. Our pages make it say the truth (`Referrer-Policy`:
/// with `no-referrer` the origin would be `null`); an old browser says nothing.
fn is_foreign(headers: &HeaderMap, issuer: &Issuer) -> bool {
    let own = issuer.endpoint("");
    let own = own.strip_suffix(issuer.path()).unwrap_or(&own);
    let origins = headers.get_all(header::ORIGIN);
    // Fetch Metadata §2.1: `none` is the user, who sends the form again.
    let sites = headers.get_all("sec-fetch-site");
    origins.iter().any(|origin| origin != own)
        || sites
            .iter()
            .any(|site| site != "same-origin" && site != "none")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn attack_16_a_form_from_another_origin_is_foreign() {
        let root = "https://as.example";
        let cases: [(&str, &[&'static str], &[&'static str], bool); 21] = [
            (root, &[], &[], false),
            (root, &["https://as.example"], &["same-origin"], false),
            (root, &["https://as.example"], &["none"], false),
            (root, &["https://as.example"], &["cross-site"], true),
            (root, &["https://as.example"], &["same-site"], true),
            (root, &["https://as.example"], &["anything"], true),
            (root, &[], &["cross-site"], true),
            (root, &[], &["same-origin", "cross-site"], true),
            (root, &["https://evil.example"], &[], true),
            (root, &["null"], &[], true),
            (root, &[""], &[], true),
            (root, &["http://as.example"], &[], true),
            (root, &["https://as.example:8443"], &[], true),
            (root, &["https://as.example.evil"], &[], true),
            (root, &["https://as.example/"], &[], true),
            (
                root,
                &["https://as.example", "https://evil.example"],
                &[],
                true,
            ),
            ("https://as.example/", &["https://as.example"], &[], false),
            ("https://as.example/t", &["https://as.example"], &[], false),
            ("https://as.example/t/", &["https://as.example"], &[], false),
            ("https://as.example/t", &["https://as.example/t"], &[], true),
            (
                "http://127.0.0.1:8080",
                &["http://127.0.0.1:8080"],
                &["same-origin"],
                false,
            ),
        ];
        for (issuer, origins, sites, expected) in cases {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            for site in sites {
                headers.append("sec-fetch-site", HeaderValue::from_static(site));
            }
            let issuer = issuer.parse().unwrap();
            let foreign = is_foreign(&headers, &issuer);
            assert_eq!(foreign, expected, "{issuer} {origins:?} {sites:?}");
        }
    }
}
