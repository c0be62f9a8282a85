//! Fetching the key sets that clients publish under their `jwks_uri`, from nowhere but where the public internet leads.
//!
//! | file | what is there |
//! | --- | --- |
//! | `public.rs` | which addresses are public |
//! | `resolver.rs` | where names lead, judged before anything goes there |
//! | `max_age.rs` | for how long an answer may be kept |

mod max_age;
mod public;
mod resolver;

use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use countersign_core::JwksUri;
use countersign_provider::{FetchError, FetchKeySet, FetchedKeySet};
use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::sync::Semaphore;
use url::{Host, Url};

use self::max_age::max_age;
use self::resolver::{JudgingResolver, LookUp, Reach, SystemLookUp};
use crate::network::Network;

/// How long a fetch may take, from waiting for its turn to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may take to be there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The most bytes of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// The most fetches at the same time; more wait.
const MAX_FETCHES: usize = 16;

/// What a JWK Set is (RFC 7517 §8.5.2), and what most servers call it.
const MEDIA_TYPES: &str = "application/jwk-set+json, application/json";

/// Fetches key sets with every protection of attack classes 40 and 41.
pub(crate) struct KeySetFetcher {
    resolver: JudgingResolver,
    reach: Reach,
    /// Made when it is needed first: most commands fetch nothing.
    client: OnceLock<Client>,
    fetches: Semaphore,
    timeout: Duration,
}

impl KeySetFetcher {
    /// Asks at public addresses, and in the networks that are `allowed` besides.
    pub(crate) fn new(allowed: Vec<Network>) -> Self {
        Self::with_lookup(allowed, Arc::new(SystemLookUp))
    }

    fn with_lookup(allowed: Vec<Network>, lookup: Arc<dyn LookUp>) -> Self {
        let reach = Reach::new(allowed);
        Self {
            resolver: JudgingResolver::new(lookup, reach.clone()),
            reach,
            client: OnceLock::new(),
            fetches: Semaphore::new(MAX_FETCHES),
            timeout: TIMEOUT,
        }
    }

    /// Whether the URI as it is written leads where one may ask. Where a name leads is not known before it is looked up.
    pub(crate) fn may_ask(&self, uri: &JwksUri) -> bool {
        let Ok(url) = Url::parse(uri.as_str()) else {
            return false;
        };
        match literal(&url) {
            Some(address) => self.reach.permits(address),
            None => url
                .domain()
                .is_none_or(|name| self.resolver.may_look_up(name)),
        }
    }

    async fn fetch_url(&self, url: Url) -> Result<FetchedKeySet, FetchError> {
        let fetch = async {
            let _turn = self.fetches.acquire().await;
            self.ask(url).await
        };
        let fetched = tokio::time::timeout(self.timeout, fetch).await;
        fetched.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn ask(&self, url: Url) -> Result<FetchedKeySet, FetchError> {
        if literal(&url).is_some_and(|address| !self.reach.permits(address)) {
            return Err(FetchError::Forbidden);
        }
        let request = self.client()?.get(url).header(ACCEPT, MEDIA_TYPES);
        let answer = request.send().await.map_err(|error| failure(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                return Err(FetchError::Redirect(answer.status().as_u16()));
            }
            other => return Err(FetchError::Status(other.as_u16())),
        }
        let max_age = max_age(answer.headers());
        let json = read(answer).await?;
        Ok(FetchedKeySet { json, max_age })
    }

    fn client(&self) -> Result<&Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = new_client(self.resolver.clone())
            .map_err(|error| FetchError::Connection(format!("TLS cannot be set up: {error}")))?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[async_trait]
impl FetchKeySet for KeySetFetcher {
    async fn fetch(&self, uri: &JwksUri) -> Result<FetchedKeySet, FetchError> {
        let url = Url::parse(uri.as_str());
        let url = url.map_err(|error| FetchError::Connection(error.to_string()))?;
        self.fetch_url(url).await
    }
}

/// The address that a URL is written with, which is not looked up. The URL has it in its one spelling already.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    }
}

/// A client that goes nowhere by itself.
fn new_client(resolver: JudgingResolver) -> Result<Client, Box<dyn Error>> {
    // The provider is passed: which one is the default of a process is not for its parts to say (RULES T4).
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        // The next address would be judged by nobody but who answers.
        .redirect(Policy::none())
        .referer(false)
        // A proxy of the environment would do its own lookups.
        .no_proxy()
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        // Each fetch is a judgement anew.
        .pool_max_idle_per_host(0)
        .user_agent("countersign")
        .build()?;
    Ok(client)
}

/// The body, cut off while it comes.
async fn read(mut answer: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLong(MAX_BYTES));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong: what our own resolver said, if it was that, else the cause of all causes.
fn failure(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TimedOut;
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        if let Some(told) = deeper.downcast_ref::<FetchError>() {
            return told.clone();
        }
        cause = deeper;
    }
    FetchError::Connection(cause.to_string())
}

#[cfg(test)]
mod tests;
