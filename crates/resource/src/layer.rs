//! A layer that lets nobody in without a good token.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use countersign_core::Scope;
use http::{Request, Response, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Challenge, Checker, Refusal};

/// Protects a service: it gets requests with a good token only, and finds the [`AccessToken`](crate::AccessToken) in their extensions. All
/// others are answered as RFC 6750 §3 has it.
///
/// It judges every request, those of `OPTIONS` too: a CORS layer goes around it, not inside. In axum, as with every layer,
/// routes that are added after `.layer(protect)` are outside of it, and open.
///
/// Scopes belong here: what the layer requires is known to all its challenges, together with what its judges require, so a
/// client asks once for all that it needs. Of layers around each other the outermost speaks, and names what all of them
/// require of a token that lacks something.
///
/// It is ready at any time: the service inside is asked for a place when the token has been found good, and not before, so
/// that rubbish takes no place from anybody.
///
/// ```no_run
/// # fn example(validator: countersign_resource::Validator) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_resource::ProtectLayer;
///
/// let protect = ProtectLayer::new(validator).realm("accounts");
/// let writers = protect.clone().require_scope("accounts.write".parse()?);
/// # let _ = (protect, writers);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProtectLayer {
    checker: Checker,
    challenge: Challenge,
}

impl ProtectLayer {
    /// Lets in whom `checker` finds good: a [`Validator`](crate::Validator), an
    /// [`Introspector`](crate::Introspector), or both.
    #[must_use]
    pub fn new(checker: impl Into<Checker>) -> Self {
        let checker = checker.into();
        Self {
            challenge: Challenge::new().scope(checker.required_scope().clone()),
            checker,
        }
    }

    /// Refuses tokens without every scope token of `required`, with 403. Called again, it adds to what is required, as it
    /// does to what the checker requires.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever requires a scope has just made it for that"
    )]
    pub fn require_scope(self, required: Scope) -> Self {
        let checker = self.checker.requiring(&required);
        Self {
            challenge: self.challenge.scope(checker.required_scope().clone()),
            checker,
        }
    }

    /// Where the metadata of the API are published ([`Challenge::resource_metadata`]).
    #[must_use]
    pub fn resource_metadata(self, url: impl Into<String>) -> Self {
        Self {
            challenge: self.challenge.resource_metadata(url),
            ..self
        }
    }

    /// The name of what is protected ([`Challenge::realm`]).
    #[must_use]
    pub fn realm(self, realm: impl Into<String>) -> Self {
        Self {
            challenge: self.challenge.realm(realm),
            ..self
        }
    }

    fn refuse<B: From<String>>(&self, refusal: Refusal) -> Response<B> {
        tracing::debug!(%refusal, "a request is not let in");
        let mut response = refusal.response(&self.challenge).map(B::from);
        // For a layer around this one.
        response.extensions_mut().insert(refusal);
        response
    }

    /// Gives a refusal from inside the challenge of the API, which its handler does not know.
    fn challenge<B>(&self, mut response: Response<B>) -> Response<B> {
        let Some(refusal) = response.extensions_mut().remove::<Refusal>() else {
            return response;
        };
        tracing::debug!(%refusal, "a handler refuses a request");
        let refusal = refusal.requiring(self.checker.required_scope());
        if let Some(value) = self.challenge.header_value(&refusal) {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        response.extensions_mut().insert(refusal);
        response
    }
}

impl<S> Layer<S> for ProtectLayer {
    type Service = Protect<S>;

    fn layer(&self, inner: S) -> Protect<S> {
        Protect {
            layer: Arc::new(self.clone()),
            inner,
        }
    }
}

/// A service behind a [`ProtectLayer`].
#[derive(Clone)]
pub struct Protect<S> {
    layer: Arc<ProtectLayer>,
    inner: S,
}

impl<S: fmt::Debug> fmt::Debug for Protect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protect")
            .field("layer", &self.layer)
            .field("inner", &self.inner)
            .finish()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for Protect<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    S::Future: Send,
    RequestBody: Send + 'static,
    ResponseBody: From<String>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    /// At once: who knows whether there will be anything to do for the service inside.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let mut inner = self.inner.clone();
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            let token = match layer.checker.check(request.headers()).await {
                Ok(token) => token,
                Err(refusal) => return Ok(layer.refuse(refusal)),
            };
            request.extensions_mut().insert(token);
            poll_fn(|context| inner.poll_ready(context)).await?;
            let response = inner.call(request).await?;
            Ok(layer.challenge(response))
        })
    }
}
