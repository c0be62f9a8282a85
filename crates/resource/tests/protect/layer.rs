//! The layer around any service that speaks `http`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_resource::{AccessToken, ProtectLayer};
use http::{Request, Response};
use serde_json::json;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

use crate::fixtures::{Issuer, header};

fn request(authorization: &str) -> Request<u64> {
    Request::get("/")
        .header("authorization", authorization)
        .body(7)
        .expect("a request")
}

#[tokio::test]
async fn who_is_not_let_in_does_not_reach_the_service() {
    let issuer = Issuer::new();
    let reached = Arc::new(AtomicUsize::new(0));
    let inner = {
        let reached = Arc::clone(&reached);
        service_fn(move |request: Request<u64>| {
            reached.fetch_add(1, Ordering::SeqCst);
            let token = request.extensions().get::<AccessToken>().unwrap();
            let told = format!("{:?} {}", token.subject(), request.body());
            ready(Ok::<_, Infallible>(Response::new(told)))
        })
    };
    let service = ProtectLayer::new(issuer.validator()).layer(inner);
    let call = async |authorization: &str| {
        let response = service.clone().oneshot(request(authorization)).await;
        response.unwrap()
    };
    let good = format!("Bearer {}", issuer.token("read", &json!({})));

    for (authorization, status) in [("Basic YTpi", 401), ("Bearer x", 401), ("Bearer", 400)] {
        assert_eq!(call(authorization).await.status(), status);
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);

    let response = call(&good).await;
    assert_eq!(
        (response.status().as_u16(), response.body().as_str()),
        (200, "Some(\"alice\") 7")
    );
    assert_eq!(header(&response, "www-authenticate"), None);

    issuer.clock.advance(620);
    let response = call(&good).await;
    assert_eq!(response.status(), 401);
    assert!(
        header(&response, "www-authenticate")
            .unwrap()
            .contains("has expired")
    );
    assert_eq!(reached.load(Ordering::SeqCst), 1);
}

/// A service that must be found ready before each call, and whose clones have not been asked yet.
struct Strict {
    is_ready: bool,
    /// What it says when it is asked.
    readiness: Poll<Result<(), &'static str>>,
}

impl Strict {
    fn new(readiness: Poll<Result<(), &'static str>>) -> Self {
        Self {
            is_ready: false,
            readiness,
        }
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::new(self.readiness)
    }
}

impl Service<Request<u64>> for Strict {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = Ready<Result<Response<String>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.is_ready = self.readiness == Poll::Ready(Ok(()));
        self.readiness
    }

    fn call(&mut self, _: Request<u64>) -> Self::Future {
        ready(if std::mem::take(&mut self.is_ready) {
            Err("an error of the service")
        } else {
            Err("it was not ready")
        })
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called_and_its_errors_pass() {
    let issuer = Issuer::new();
    let good = format!("Bearer {}", issuer.token("read", &json!({})));
    for (readiness, expected) in [
        (Ok(()), "an error of the service"),
        (Err("it is broken"), "it is broken"),
    ] {
        let inner = Strict::new(Poll::Ready(readiness));
        let mut service = ProtectLayer::new(issuer.validator()).layer(inner);
        for _ in 0..2 {
            let called = service.ready().await.unwrap().call(request(&good));
            assert_eq!(called.await.err(), Some(expected));
        }
    }
}

#[tokio::test]
async fn rubbish_takes_no_place_of_the_service() {
    let issuer = Issuer::new();
    // It has none left.
    let full = Strict::new(Poll::Pending);
    let mut service = ProtectLayer::new(issuer.validator()).layer(full);
    for rubbish in ["Bearer x", "Bearer a.b.c", "Basic YTpi"] {
        let answered = service.ready().await.unwrap().call(request(rubbish));
        assert_eq!(answered.await.unwrap().status(), 401, "{rubbish}");
    }
    // Who may come in waits for one.
    let good = format!("Bearer {}", issuer.token("read", &json!({})));
    let waiting = service.ready().await.unwrap().call(request(&good));
    let waited = tokio::time::timeout(Duration::from_millis(20), waiting).await;
    assert!(waited.is_err());
}
