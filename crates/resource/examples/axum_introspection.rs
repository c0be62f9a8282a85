//! An API that asks the issuer about every token: for tokens that only the issuer can read, and to see a revocation at
//! once.
//!
//! ```text
//! CLIENT_SECRET=... axum_introspection ISSUER AUDIENCE CLIENT_ID [PORT]
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
    AccessToken, Claims, IntrospectionCredentials, Introspector, ProtectLayer, ResourceMetadata,
    Secret, routes,
};
use serde::Deserialize;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

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
    let (Some(issuer), Some(audience), Some(client_id)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: axum_introspection ISSUER AUDIENCE CLIENT_ID [PORT]".into());
    };
    let port = arguments.next().unwrap_or("0".into()).parse();
    let port: u16 = port.map_err(|_| "PORT is a number up to 65535")?;
    // From the environment: arguments are shown to everybody on the machine.
    let secret = Secret::new(env::var("CLIENT_SECRET").map_err(|_| "CLIENT_SECRET is not set")?);

    // What clients are told who come without a token: where to get one.
    let metadata = ResourceMetadata::new(&audience)?
        .authorization_server(&issuer)
        .scopes("accounts.read".parse()?);
    let credentials = IntrospectionCredentials::secret_basic(client_id, secret);
    let introspector = Introspector::from_issuer(&issuer, credentials, &audience).build()?;
    // Said at once, and not when the first request comes. The API starts all the same: its issuer may be about to.
    if let Err(error) = introspector.ready().await {
        tracing::warn!("no token can be judged yet: {error}");
    }
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
