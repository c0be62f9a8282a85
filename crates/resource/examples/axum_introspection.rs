//! An API that asks the issuer about every token: for tokens that only the issuer can read, and to see a revocation at
//! once.
//!
//! ```text
//! CLIENT_SECRET=... axum_introspection ISSUER AUDIENCE CLIENT_ID [PORT]
//! curl --oauth2-bearer "$TOKEN" http://127.0.0.1:PORT/whoami
//! ```
#![expect(clippy::print_stdout, reason = "this program says where it listens")]

use std::env;
use std::error::Error;

use axum::Router;
use axum::routing::get;
use countersign_resource::{
    AccessToken, Claims, IntrospectionCredentials, Introspector, ProtectLayer, ResourceMetadata,
    Secret, routes,
};
use serde::Deserialize;
use tokio::net::TcpListener;

/// What this API wants to know about who calls it. An issuer need not say all of it.
#[derive(Deserialize)]
struct Caller {
    sub: Option<String>,
    client_id: Option<String>,
}

async fn whoami(Claims(caller): Claims<Caller>) -> String {
    let somebody = || "somebody".to_owned();
    format!(
        "{} by {}\n",
        caller.sub.unwrap_or_else(somebody),
        caller.client_id.unwrap_or_else(somebody)
    )
}

async fn accounts(token: AccessToken) -> String {
    format!("the accounts, for {}\n", token.scope())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(issuer), Some(audience), Some(client_id)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: axum_introspection ISSUER AUDIENCE CLIENT_ID [PORT]".into());
    };
    let port: u16 = arguments.next().unwrap_or("0".into()).parse()?;
    // From the environment: arguments are shown to everybody on the machine.
    let secret = Secret::new(env::var("CLIENT_SECRET").map_err(|_| "CLIENT_SECRET is not set")?);

    // What clients are told who come without a token: where to get one.
    let metadata = ResourceMetadata::new(&audience)?
        .authorization_server(&issuer)
        .scopes("accounts.read".parse()?);
    let credentials = IntrospectionCredentials::secret_basic(client_id, secret);
    let introspector = Introspector::from_issuer(&issuer, credentials, &audience).build()?;
    let protect = ProtectLayer::new(introspector).resource_metadata(metadata.well_known_url());
    let readers = protect.clone().require_scope("accounts.read".parse()?);
    let app = Router::new()
        .route("/whoami", get(whoami).layer(protect))
        .route("/accounts", get(accounts).layer(readers))
        .merge(routes(&metadata));

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
