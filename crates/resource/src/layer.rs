//! A layer that lets nobody in without a good token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use countersign_core::Scope;
use http::{HeaderMap, Request, Response, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::{AccessToken, Challenge, Checker, Refusal};

/// Protects a service: it gets requests with a good token only, and finds the [`AccessToken`] in their extensions. All
/// others are answered as RFC 6750 §3 has it.
///
/// It judges every request, those of `OPTIONS` too: a CORS layer goes around it, not inside.
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
    required_scope: Scope,
    challenge: Challenge,
}

impl ProtectLayer {
    /// Lets in whom `checker` finds good: a [`Validator`](crate::Validator), an
    /// [`Introspector`](crate::Introspector), or both.
    #[must_use]
    pub fn new(checker: impl Into<Checker>) -> Self {
        Self {
            checker: checker.into(),
            required_scope: Scope::empty(),
            challenge: Challenge::new(),
        }
    }

    /// Refuses tokens without every scope token of `required`, with 403. Called again, it adds to what is required.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever requires a scope has just made it for that"
    )]
    pub fn require_scope(self, required: Scope) -> Self {
        let both = self.required_scope.iter().chain(&required);
        let required_scope: Scope = both.cloned().collect();
        Self {
            challenge: self.challenge.scope(required_scope.clone()),
            required_scope,
            ..self
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

    async fn admit(&self, headers: &HeaderMap) -> Result<AccessToken, Refusal> {
        let token = self.checker.check(headers).await?;
        token.require_scope(&self.required_scope)?;
        Ok(token)
    }

    fn refuse<B: From<String>>(&self, refusal: &Refusal) -> Response<B> {
        tracing::debug!(%refusal, "a request is not let in");
        refusal.response(&self.challenge).map(B::from)
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

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        // The one that said it was ready takes the request; the fresh clone has yet to be asked.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            let token = match layer.admit(request.headers()).await {
                Ok(token) => token,
                Err(refusal) => return Ok(layer.refuse(&refusal)),
            };
            request.extensions_mut().insert(token);
            let mut response = ready.call(request).await?;
            // A refusal from inside gets the challenge of the API, which its handler does not know.
            if let Some(refusal) = response.extensions_mut().remove::<Refusal>()
                && let Some(value) = layer.challenge.header_value(&refusal)
            {
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, value);
            }
            Ok(response)
        })
    }
}
