//! An issuer without a network, in the time of tokio, which a test can stop.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{Request, Response};
use countersign_core::{Clock, FixedClock};
use countersign_resource::{Introspector, IntrospectorBuilder, Limits, Transport, TransportError};
use serde_json::{Value, json};

use crate::server::{AUDIENCE, Answer, ISSUER, NOW, active, secret_basic};

pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";
pub(crate) const OPENID: &str = "/.well-known/openid-configuration";
pub(crate) const INTROSPECT: &str = "/introspect";

/// What is answered, and after how many milliseconds.
pub(crate) struct Reply(pub(crate) u64, pub(crate) Answer);

impl Reply {
    /// The endpoint in the metadata, after so many milliseconds.
    pub(crate) fn metadata(millis: u64) -> Self {
        let metadata = metadata_of_the_issuer();
        Self(millis, Answer::Json(metadata))
    }

    /// That the token is good, after so many milliseconds.
    pub(crate) fn good(millis: u64) -> Self {
        Self(millis, active(&json!({"exp": null})))
    }

    /// That there is nothing, after so many milliseconds.
    pub(crate) fn nothing(millis: u64) -> Self {
        Self(millis, Answer::Plain(404, Vec::new()))
    }

    /// Never anything.
    pub(crate) fn never() -> Self {
        Self(0, Answer::Hang)
    }
}

pub(crate) fn metadata_of_the_issuer() -> Value {
    json!({"issuer": ISSUER, "introspection_endpoint": format!("{ISSUER}{INTROSPECT}")})
}

/// What is answered at a path to the request of this number there, from 0.
type Script = dyn Fn(&str, usize) -> Reply + Send + Sync;

/// The issuer.
pub(crate) struct Scripted {
    script: Box<Script>,
    pub(crate) clock: Arc<FixedClock>,
    asked: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            clock: Arc::new(FixedClock::at(NOW)),
            asked: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        })
    }

    /// How often was asked at `path`.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().expect("no panic");
        asked.iter().filter(|asked| *asked == path).count()
    }

    /// The most questions that were in flight at a time.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// An introspector that knows the endpoint.
    pub(crate) fn at_endpoint(self: &Arc<Self>) -> IntrospectorBuilder {
        let url = format!("{ISSUER}{INTROSPECT}");
        self.with(Introspector::from_endpoint(
            ISSUER,
            url,
            secret_basic(),
            AUDIENCE,
        ))
    }

    /// An introspector that looks for the endpoint.
    pub(crate) fn at_issuer(self: &Arc<Self>) -> IntrospectorBuilder {
        self.with(Introspector::from_issuer(ISSUER, secret_basic(), AUDIENCE))
    }

    fn with(self: &Arc<Self>, builder: IntrospectorBuilder) -> IntrospectorBuilder {
        builder
            .transport(self.clone())
            .clock(self.clock.clone() as Arc<dyn Clock>)
    }
}

/// Counts what is in flight, until it has landed or is cut off.
struct InFlight<'issuer>(&'issuer AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        _: Limits,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let path = request.uri().path();
        let number = self.asked(path);
        self.asked.lock().expect("no panic").push(path.to_owned());
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        let _in_flight = InFlight(&self.in_flight);
        self.most.fetch_max(now, Ordering::SeqCst);
        let Reply(millis, answer) = (self.script)(path, number);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        let (status, body) = match answer {
            Answer::Json(members) => (200, members.to_string().into_bytes()),
            Answer::Plain(status, body) => (status, body),
            Answer::Redirect(_) => (302, Vec::new()),
            Answer::Hang => std::future::pending().await,
        };
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().expect("a status");
        Ok(response)
    }
}
