//! An issuer on loopback that says what a test wants it to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use countersign_core::{Clock, FixedClock, Secret, Timestamp};
use countersign_resource::{
    BuildError, IntrospectionCredentials, Introspector, IntrospectorBuilder,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const TOKEN: &str = "mF_9.B5f-4.1JqM";

/// What is answered at a path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// 200 and this JSON.
    Json(Value),
    /// This status and body.
    Plain(u16, Vec<u8>),
    /// 302 to this path.
    Redirect(&'static str),
    /// Nothing, for longer than anybody waits.
    Hang,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    /// The value of a parameter of the form.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body)
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
}

/// The issuer. Every path without an answer is not found.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) clock: Arc<FixedClock>,
    script: Arc<Mutex<Script>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            url: format!("http://{}", listener.local_addr().expect("an address")),
            clock: Arc::new(FixedClock::at(NOW)),
            script: Arc::default(),
        };
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.expect("no end") });
        server
    }

    /// An issuer whose introspection endpoint answers so.
    pub(crate) async fn saying(answer: Answer) -> Self {
        let server = Self::start().await;
        server.say("/introspect", answer);
        server
    }

    /// From now on, `answer` is said at `path`.
    pub(crate) fn say(&self, path: &str, answer: Answer) {
        let mut script = self.script.lock().expect("no panic");
        script.answers.insert(path.to_owned(), answer);
    }

    /// The requests so far at `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let script = self.script.lock().expect("no panic");
        let at_path = script.asked.iter().filter(|asked| asked.path == path);
        at_path.cloned().collect()
    }

    /// How often the endpoint was asked about a token.
    pub(crate) fn count(&self) -> usize {
        self.asked("/introspect").len()
    }

    /// An introspector of the endpoint, by the clock of this server.
    pub(crate) fn builder(&self) -> IntrospectorBuilder {
        let url = format!("{}/introspect", self.url);
        Introspector::from_endpoint(ISSUER, url, secret_basic(), AUDIENCE)
            .clock(self.clock.clone() as Arc<dyn Clock>)
    }

    pub(crate) fn introspector(&self) -> Introspector {
        self.builder().build().expect("an introspector")
    }
}

pub(crate) fn secret_basic() -> IntrospectionCredentials {
    IntrospectionCredentials::secret_basic("api", Secret::new("s3cret".into()))
}

/// The answer for a good token, with `changes` over it; null takes a member out.
pub(crate) fn active(changes: &Value) -> Answer {
    let mut members = json!({
        "active": true,
        "iss": ISSUER,
        "sub": "alice",
        "client_id": "app",
        "aud": AUDIENCE,
        "scope": "read write",
        "token_type": "Bearer",
        "exp": NOW.as_seconds() + 600,
    });
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.as_object_mut().expect("an object").remove(name);
        } else {
            members[name] = value.clone();
        }
    }
    Answer::Json(members)
}

pub(crate) fn good() -> Answer {
    active(&json!({}))
}

pub(crate) fn inactive() -> Answer {
    Answer::Json(json!({"active": false}))
}

/// Why nothing was built.
pub(crate) fn refused(builder: IntrospectorBuilder) -> Option<BuildError> {
    builder.build().err()
}

async fn answer(State(server): State<Server>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000_000).await.expect("a body");
    let path = parts.uri.path().to_owned();
    let answer = {
        let mut script = server.script.lock().expect("no panic");
        script.asked.push(Asked {
            method: parts.method,
            path: path.clone(),
            headers: parts.headers,
            body,
        });
        script.answers.get(&path).cloned()
    };
    let respond = |status: u16, body: Body| {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        response
    };
    match answer {
        None => respond(404, Body::empty()),
        Some(Answer::Json(value)) => respond(200, Body::from(value.to_string())),
        Some(Answer::Plain(status, body)) => respond(status, Body::from(body)),
        Some(Answer::Redirect(to)) => {
            let mut response = respond(302, Body::empty());
            response
                .headers_mut()
                .insert(header::LOCATION, to.parse().expect("a path"));
            response
        }
        Some(Answer::Hang) => std::future::pending().await,
    }
}
