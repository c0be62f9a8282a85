//! An API that checks tokens by the keys of their issuer. The issuer is asked for its keys now and then, and never about
//! a request.
//!
//! ```text
//! axum_api ISSUER AUDIENCE [PORT]
//! curl --oauth2-bearer "$TOKEN" http://127.0.0.1:PORT/whoami
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program says where it listens, or why it does not"
)]

use std::error::Error;
use std::process::ExitCode;
use std::{env, io};

use axum::Router;
use axum::routing::get;
use countersign_resource::{
    AccessToken, Claims, ProtectLayer, ResourceMetadata, Validator, routes,
};
use serde::Deserialize;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

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
async fn main() -> ExitCode {
    // RUST_LOG=countersign_resource=debug says of each request that is refused why it is.
    let warnings = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    tracing_subscriber::fmt()
        .with_env_filter(warnings.from_env_lossy())
        .with_writer(io::stderr)
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(issuer), Some(audience)) = (arguments.next(), arguments.next()) else {
        return Err("usage: axum_api ISSUER AUDIENCE [PORT]".into());
    };
    let port = arguments.next().unwrap_or("0".into()).parse();
    let port: u16 = port.map_err(|_| "PORT is a number up to 65535")?;

    // What clients are told who come without a token: where to get one.
    let metadata = ResourceMetadata::new(&audience)?
        .authorization_server(&issuer)
        .scopes("accounts.read".parse()?);
    let validator = Validator::from_issuer(&issuer, &audience).build()?;
    // Said at once, and not when the first request comes. The API starts all the same: its issuer may be about to.
    if let Err(error) = validator.ready().await {
        tracing::warn!("no token can be judged yet: {error}");
    }
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
