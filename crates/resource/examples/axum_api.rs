//! An API that checks tokens by the keys of their issuer. The issuer is asked for its keys now and then, and never about
//! a request.
//!
//! ```text
//! axum_api ISSUER AUDIENCE [PORT]
//! curl --oauth2-bearer "$TOKEN" http://127.0.0.1:PORT/whoami
//! ```
#![expect(clippy::print_stdout, reason = "this program says where it listens")]

use std::env;
use std::error::Error;

use axum::Router;
use axum::routing::get;
use countersign_resource::{
    AccessToken, Claims, ProtectLayer, ResourceMetadata, Validator, routes,
};
use serde::Deserialize;
use tokio::net::TcpListener;

/// What this API wants to know about who calls it.
#[derive(Deserialize)]
struct Caller {
    sub: String,
    client_id: String,
}

async fn whoami(Claims(caller): Claims<Caller>) -> String {
    format!("{} by {}\n", caller.sub, caller.client_id)
}

async fn accounts(token: AccessToken) -> String {
    format!("the accounts, for {}\n", token.scope())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(issuer), Some(audience)) = (arguments.next(), arguments.next()) else {
        return Err("usage: axum_api ISSUER AUDIENCE [PORT]".into());
    };
    let port: u16 = arguments.next().unwrap_or("0".into()).parse()?;

    // What clients are told who come without a token: where to get one.
    let metadata = ResourceMetadata::new(&audience)?
        .authorization_server(&issuer)
        .scopes("accounts.read".parse()?);
    let validator = Validator::from_issuer(&issuer, &audience).build()?;
    let protect = ProtectLayer::new(validator).resource_metadata(metadata.well_known_url());
    let readers = protect.clone().require_scope("accounts.read".parse()?);
    let app = Router::new()
        .route("/whoami", get(whoami).layer(protect))
        .route("/accounts", get(accounts).layer(readers))
        .merge(routes(&metadata));

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
