//! Where the keys of an issuer are, and how they are got from there.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Issuer, Timestamp};
use http::{HeaderValue, StatusCode, header};

use super::error::{KeysError, KeysFailure};
use super::freshness;
use crate::discovery;
use crate::endpoint::Endpoint;
use crate::transport::{Limits, Transport};

/// How long one request may take, and all of an attempt together.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes that a key set may have; more are not read.
const MAX_LEN: usize = countersign_jose::VerifyingKeys::MAX_JWK_SET_LEN;

/// Seconds for which the metadata are believed about where the keys are.
const METADATA_MAX_AGE: i64 = 3600;

/// Where keys are published.
pub(crate) enum Source {
    /// In a file, which something else writes.
    File(PathBuf),
    /// At a URL.
    Url(Endpoint, Arc<dyn Transport>),
    /// Where the metadata of the issuer say.
    Issuer(Box<Issuer>, Arc<dyn Transport>),
}

/// What an attempt leaves for the next, if it goes well.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Where the metadata say that the keys are, and when they said so.
    jwks_uri: Option<(Endpoint, Timestamp)>,
    /// The `ETag` of the keys at hand, and who gave it.
    etag: Option<(Endpoint, HeaderValue)>,
}

impl Memory {
    /// Forgets what is good only for someone who still has the keys.
    pub(super) fn without_keys(self) -> Self {
        Self { etag: None, ..self }
    }
}

/// What is there.
pub(super) enum Found {
    /// A key set, not read yet.
    KeySet {
        /// The body of the answer.
        json: Vec<u8>,
        /// Seconds for which it may be kept, if the answer says.
        max_age: Option<u32>,
    },
    /// The key set that is at hand (RFC 9110 §15.4.5).
    Unchanged {
        /// As above.
        max_age: Option<u32>,
    },
}

impl Source {
    /// Where the keys are, for people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url, _) => url.without_query().to_owned(),
            Self::Issuer(issuer, _) => issuer.to_string(),
        }
    }

    /// The error that says where it happened.
    pub(super) fn error(&self, reason: KeysFailure) -> KeysError {
        KeysError {
            place: self.place(),
            reason,
        }
    }

    /// Asks for the keys, and says what to remember until the next time.
    pub(super) async fn fetch(
        &self,
        memory: Memory,
        now: Timestamp,
    ) -> Result<(Found, Memory), KeysFailure> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                // The disk may hang, and it must not hang the runtime.
                let json = tokio::task::spawn_blocking(move || read(&path))
                    .await
                    .map_err(|_| KeysFailure::Interrupted)??;
                let max_age = None;
                Ok((Found::KeySet { json, max_age }, memory))
            }
            Self::Url(url, transport) => {
                let (found, etag) = ask(url, memory.etag, &**transport).await?;
                let jwks_uri = None;
                Ok((found, Memory { jwks_uri, etag }))
            }
            Self::Issuer(issuer, transport) => {
                let (url, since) = match memory.jwks_uri {
                    Some((url, since)) if (0..METADATA_MAX_AGE).contains(&now.since(since)) => {
                        (url, since)
                    }
                    _ => {
                        let metadata = discovery::discover(issuer, &**transport, TIMEOUT).await?;
                        (metadata.endpoint("jwks_uri")?, now)
                    }
                };
                let (found, etag) = ask(&url, memory.etag, &**transport).await?;
                let jwks_uri = Some((url, since));
                Ok((found, Memory { jwks_uri, etag }))
            }
        }
    }
}

/// Asks at `url` for a key set, or whether it is still that of `etag`.
async fn ask(
    url: &Endpoint,
    etag: Option<(Endpoint, HeaderValue)>,
    transport: &dyn Transport,
) -> Result<(Found, Option<(Endpoint, HeaderValue)>), KeysFailure> {
    let mut request = discovery::get(
        url.as_str(),
        "application/jwk-set+json, application/json;q=0.9",
    )?;
    // RFC 9110 §13.1.2: an ETag means something to whom it came from.
    let etag = etag.filter(|(of, _)| of == url);
    if let Some((_, etag)) = &etag {
        let headers = request.headers_mut();
        headers.insert(header::IF_NONE_MATCH, etag.clone());
    }
    let limits = Limits {
        max_bytes: MAX_LEN,
        timeout: TIMEOUT,
    };
    let response = transport.send(request, limits).await?;
    let max_age = freshness::max_age(response.headers());
    match response.status() {
        StatusCode::OK => {
            let etag = response.headers().get(header::ETAG).cloned();
            let etag = etag.map(|etag| (url.clone(), etag));
            let json = response.into_body();
            Ok((Found::KeySet { json, max_age }, etag))
        }
        // Only as an answer to our question: to anybody else it says nothing.
        StatusCode::NOT_MODIFIED if etag.is_some() => Ok((Found::Unchanged { max_age }, etag)),
        status => Err(KeysFailure::Status(status.as_u16())),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeysFailure> {
    let failed = |error: std::io::Error| KeysFailure::File(error.kind());
    // Whoever opens a pipe waits for its writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KeysFailure::NotAFile(MAX_LEN));
    }
    let file = fs::File::open(path).map_err(failed)?;
    let mut json = Vec::new();
    let one_more = MAX_LEN as u64 + 1;
    file.take(one_more).read_to_end(&mut json).map_err(failed)?;
    if json.len() > MAX_LEN {
        return Err(KeysFailure::NotAFile(MAX_LEN));
    }
    Ok(json)
}
