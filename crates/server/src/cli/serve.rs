//! `countersign serve`.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use countersign_core::{Issuer, Secret};
use countersign_provider::Provider;
use countersign_storage::{Deployment, MarkDeployment};
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;
use tracing_subscriber::EnvFilter;

use super::{Global, Opened, parse_issuer};
use crate::config::{Config, Dialect, Flags};
use crate::demo;
use crate::host::SystemRandom;
use crate::http;
use crate::output::{Failure, print};

/// How often the server asks storage what has changed (RULES N1).
const SYNCHRONIZE_EVERY: Duration = Duration::from_millis(500);

/// How often expired rows are removed, how many at a time, and how long the pause is where there are more.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEEP_LIMIT: u32 = 1_000;
const SWEEP_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  countersign serve\n      \
    Without any configuration: a development set-up on loopback, with a demo client and commands to try it.\n  \
    countersign serve --issuer https://login.example.com --listen 127.0.0.1:9000\n      \
    Behind a proxy that speaks TLS for login.example.com.")]
pub(crate) struct Serve {
    /// Where to listen; port 0 picks a free one and says which [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = parse_listen)]
    listen: Option<SocketAddr>,
    /// The URL that names this service in its tokens: https, or http on loopback for development
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

/// Why a text is none where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an address and a port, such as 127.0.0.1:8080; no names")]
struct ListenError;

fn parse_listen(text: &str) -> Result<SocketAddr, ListenError> {
    text.parse().map_err(|_| ListenError)
}

impl Serve {
    pub(crate) async fn run(self, global: &Global) -> Result<(), Failure> {
        let flags = Flags {
            listen: self.listen,
            issuer: self.issuer,
            data_dir: None,
        };
        let config = global.configuration_with(flags)?;
        log_to_stderr(&config.log)?;

        let listener = TcpListener::bind(config.listen).await.map_err(|error| {
            let instead = if error.kind() == io::ErrorKind::AddrInUse {
                "; give another with --listen, such as 127.0.0.1:8081"
            } else {
                ""
            };
            Failure::new(
                "listen",
                format!("cannot listen on {}: {error}{instead}", config.listen),
            )
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new("listen", error))?;
        let issuer = issuer(&config, address)?;
        let development = issuer.is_development();
        if development {
            require_loopback(address)?;
        }
        let opened = Opened::open(&config, issuer.clone()).await?;
        let _only = opened.data_dir.lock_for_server()?;
        mark_deployment(&opened, development).await?;

        let demo = if development {
            Some(demo::Demo::prepare(&opened).await?)
        } else {
            None
        };
        let name = Secret::new(issuer.to_string());
        // A disk that is full is no reason not to serve.
        if let Err(error) = opened.data_dir.note_served_issuer(&name, &SystemRandom) {
            tracing::warn!(
                ?error,
                "the name of this service is not noted; commands have to be told it with --issuer"
            );
        }
        let dialects = spoken(&config.dialects);
        let text = demo.as_ref().map_or_else(
            || format!("Countersign serves {issuer} on {address}.{dialects}"),
            |demo| demo.welcome(issuer.as_str(), address, &dialects),
        );
        let document = json!({
            "issuer": issuer.as_str(),
            "listen": address,
            "data_dir": opened.data_dir.path(),
            "development": development,
            "dialects": config.dialects,
        });
        print(global.format(), &text, &document)?;
        tracing::info!(%issuer, %address, development, "serving");

        let provider = Arc::new(opened.provider);
        let synchronizing = tokio::spawn(synchronize(Arc::clone(&provider)));
        let sweeping = tokio::spawn(sweep(Arc::clone(&provider)));
        let demo = demo
            .map(|demo| demo::application::router(Arc::clone(&provider), demo.application_secret))
            .unwrap_or_default();
        let service = http::Service {
            provider,
            dialects: config.mounted(),
            trusted_proxies: config.trusted_proxies.into(),
        };
        http::serve(listener, http::router(service, demo), asked_to_stop()).await;
        synchronizing.abort();
        sweeping.abort();
        Ok(())
    }
}

/// A line that names the dialects, behind a line that is not at its end; nothing if there are none.
fn spoken(dialects: &[Dialect]) -> String {
    let names: Vec<String> = dialects.iter().map(Dialect::to_string).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("\nDialects that are switched on: {}", names.join(", "))
}

/// The issuer of a server that listens on `address`: the configured one, or just that address.
pub(super) fn issuer(config: &Config, address: SocketAddr) -> Result<Issuer, Failure> {
    if let Some(issuer) = &config.issuer {
        return parse_issuer(issuer);
    }
    require_loopback(address)?;
    if address.port() == 0 {
        return Err(Failure::new(
            "configuration",
            "the server picks a port, so its issuer is not known here; give it with --issuer",
        ));
    }
    let issuer = format!("http://{address}");
    // The default port is not written (RFC 3986 §6.2.3).
    parse_issuer(issuer.strip_suffix(":80").unwrap_or(&issuer))
}

/// RULES O3: a development set-up stays on loopback.
fn require_loopback(address: SocketAddr) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::new(
        "development",
        format!(
            "without an https --issuer this is a development set-up, which listens on loopback only, not on {address}"
        ),
    ))
}

/// RULES O3: development marks its database, and production refuses that database, since its secrets were made for
/// trying things out.
async fn mark_deployment(opened: &Opened, development: bool) -> Result<(), Failure> {
    let wanted = if development {
        Deployment::Development
    } else {
        Deployment::Production
    };
    match opened.store.mark_deployment(wanted).await {
        Ok(MarkDeployment::Marked) => Ok(()),
        Ok(MarkDeployment::Already(found)) if found == wanted => Ok(()),
        Ok(MarkDeployment::Already(Deployment::Development)) => Err(Failure::new(
            "development",
            format!(
                "{} was made by a development set-up; production needs a data folder of its own (--data-dir)",
                opened.data_dir.path().display()
            ),
        )),
        Ok(MarkDeployment::Already(_)) => Err(Failure::new(
            "development",
            format!(
                "{} belongs to a production service; give its https --issuer, or another --data-dir",
                opened.data_dir.path().display()
            ),
        )),
        Err(error) => Err(Failure::new("storage", error)),
    }
}

fn log_to_stderr(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::new("configuration", format!("log: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .try_init()
        .map_err(|error| Failure::new("log", error))
}

async fn synchronize(provider: Arc<Provider>) {
    let mut interval = tokio::time::interval(SYNCHRONIZE_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if let Err(error) = provider.synchronize().await {
            tracing::error!(%error, "storage not heard; going on with what is in memory");
        }
    }
}

async fn sweep(provider: Arc<Provider>) {
    let mut interval = tokio::time::interval(SWEEP_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        loop {
            match provider.sweep(SWEEP_LIMIT).await {
                // There may be more; other writers get their turn in between.
                Ok(SWEEP_LIMIT) => tokio::time::sleep(SWEEP_PAUSE).await,
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(%error, "not swept");
                    break;
                }
            }
        }
    }
}

/// Done when the process is asked to stop: SIGTERM, or Ctrl-C.
async fn asked_to_stop() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
