//! What an https endpoint does with plain http.

use url::Url;

use crate::client::Client;
use crate::finding::Verdict;
use crate::http::Call;
use crate::judge::{Endpoint, Judge};

/// The same place over plain http: on the same port, or on 80 in place of 443.
fn plain(url: &Url) -> Option<Url> {
    let port = url.port();
    let mut url = url.clone();
    url.set_scheme("http").ok()?;
    url.set_port(port).ok()?;
    Some(url)
}

/// Fails if the endpoint is not https, or if it processes a request over plain http.
///
/// The secret of `client` goes over the wire in the clear, so it has to be a wrong one.
pub(crate) async fn refuses_plain_http(
    judge: &Judge,
    endpoint: Endpoint,
    client: &Client,
    body: &str,
) -> Verdict {
    let url = judge.url(endpoint)?;
    let Some(plain) = plain(&url).filter(|_| url.scheme() == "https") else {
        let member = endpoint.member();
        return Err(crate::finding::Finding::failed(
            format!("{member} is an https URL"),
            url.as_str(),
        ));
    };
    let call = Call::post(&plain)
        .body("application/x-www-form-urlencoded", body)
        .basic(&client.basic_pair());
    // No answer at all is the best one.
    let Some(answer) = judge.send_if_answered(&call).await else {
        return Ok(());
    };
    let processed = answer.is_success() || answer.status == 401 || answer.error().is_some();
    answer.demand(
        !processed,
        "plain http is refused or redirected, and not processed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_looked_for_where_a_client_would_find_it() {
        let table = [
            ("https://as.example/token", "http://as.example/token"),
            (
                "https://as.example:8443/token",
                "http://as.example:8443/token",
            ),
        ];
        for (https, http) in table {
            let url = Url::parse(https).expect("it is a URL");
            assert_eq!(plain(&url).expect("it has a scheme").as_str(), http);
        }
    }
}
