//! The command line.

mod backup;
mod client;
mod configuration;
mod consent;
mod duration;
mod grant;
mod key;
mod outcome;
mod pages;
mod parties;
mod recover;
mod resource;
mod revoke;
mod scope;
mod secret_input;
mod serve;
mod session;
mod token;
mod user;
mod wazo;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use countersign_core::Issuer;
use countersign_provider::{Host, KeyError, Provider, Settings};
use countersign_storage::Store;
use countersign_storage_sqlite::SqliteStore;

use crate::config::{Config, Flags};
use crate::data_dir::DataDir;
use crate::host::{SystemClock, SystemRandom};
use crate::key_sets::KeySetFetcher;
use crate::output::{Failure, Format};

/// An OAuth 2 token service: one program, one folder.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        countersign serve\n      \
        Start a development set-up on http://127.0.0.1:8080 and print commands to try it.\n  \
        countersign client add shop --kind web --redirect-uri https://shop.example.com/callback\n      \
        Add an application whose users sign in here, and show its secret, once.\n  \
        countersign user add alice --email alice@example.com\n      \
        Add a user; the password is asked for.\n  \
        countersign revoke --user alice\n      \
        End everything that was issued for a user.\n  \
        countersign --json client list | jq '.[].client_id'\n      \
        Every command gives one JSON document with --json.\n\n\
        Commands work while the server runs; it takes up what they change within a second."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The heading of what every command takes.
const GLOBAL: &str = "Global options";

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The folder for the database and the master key [default: ./countersign-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    data_dir: Option<PathBuf>,
    /// A configuration file (TOML); every key may also be given as a variable, COUNTERSIGN_ and its name, with __ for each dot
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    config: Option<PathBuf>,
    /// Print one JSON document on standard output, and errors as JSON on standard error
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Serve),
    /// Clients: add, change, apply from a file, rotate secrets, remove
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Users: add, change, set passwords, disable, remove
    #[command(subcommand)]
    User(user::UserCommand),
    /// Scopes: what they mean, and which claims they release
    #[command(subcommand)]
    Scope(scope::ScopeCommand),
    /// Resources: the APIs that tokens are for, and the scopes that each knows
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    /// Grants: what users have authorized clients to do
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Sessions: who is signed in, and signing people out
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Consents: what users have agreed to let clients have
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// End what was issued: of a user, a client or a grant, or all of it
    Revoke(revoke::Revoke),
    /// Keys: list, rotate, import, export, revoke
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Look into tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// The wazo dialect: policies, and what users have open there
    #[command(subcommand)]
    Wazo(wazo::WazoCommand),
    /// The configuration in effect
    #[command(subcommand)]
    Config(configuration::ConfigCommand),
    /// Copy the database to a new file, while the server runs
    Backup(backup::Backup),
    /// Declare that the database was restored from a backup
    Recover(recover::Recover),
}

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error, &arguments),
    };
    let format = cli.global.format();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Failure::new("runtime", error).report(format),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => serve.run(&cli.global).await,
            Command::Client(command) => command.run(&cli.global).await,
            Command::User(command) => command.run(&cli.global).await,
            Command::Scope(command) => command.run(&cli.global).await,
            Command::Resource(command) => command.run(&cli.global).await,
            Command::Grant(command) => command.run(&cli.global).await,
            Command::Session(command) => command.run(&cli.global).await,
            Command::Consent(command) => command.run(&cli.global).await,
            Command::Revoke(command) => command.run(&cli.global).await,
            Command::Key(command) => command.run(&cli.global).await,
            Command::Token(command) => command.run(&cli.global).await,
            Command::Wazo(command) => command.run(&cli.global).await,
            Command::Config(command) => command.run(&cli.global),
            Command::Backup(command) => command.run(&cli.global),
            Command::Recover(command) => command.run(&cli.global).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format),
    }
}

/// Help and version go to standard output; a wrong command line is told as JSON if `--json` is in it.
fn misunderstood(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if error.use_stderr() && arguments.iter().any(|argument| argument == "--json") {
        // Clap writes for people: the first paragraph says what is wrong, the rest how it is meant.
        let text = match missing_command(error, arguments) {
            Some(error) => error.render().to_string(),
            None => error.render().to_string(),
        };
        let first = text.split("\n\n").next().unwrap_or_default();
        let words: Vec<&str> = first
            .trim_start_matches("error: ")
            .split_whitespace()
            .collect();
        return Failure::usage(words.join(" ")).report(Format::Json);
    }
    // Nobody is left to tell if the output is closed.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// What is wrong where clap shows its help instead: a group stands without a command, as in `--json client`. Behind the
/// group, the same flag makes clap say so.
fn missing_command(error: &clap::Error, arguments: &[OsString]) -> Option<clap::Error> {
    if error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let others = arguments.iter().filter(|argument| *argument != "--json");
    Cli::try_parse_from(others.cloned().chain(["--json".into()])).err()
}

impl Global {
    pub(crate) const fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            Format::Text
        }
    }

    /// The configuration, with the flags that every command takes.
    fn configuration(&self) -> Result<Config, Failure> {
        self.configuration_with(Flags::default())
    }

    /// The configuration, with further flags.
    fn configuration_with(&self, flags: Flags) -> Result<Config, Failure> {
        let flags = Flags {
            data_dir: self.data_dir.clone(),
            ..flags
        };
        Config::load(self.config.as_deref(), &flags)
    }

    /// The data folder of this command, if there is data in it.
    fn existing_data(&self) -> Result<DataDir, Failure> {
        DataDir::open_existing(&self.configuration()?.data_dir)
    }

    /// The service on the data of this command, for commands that look at it or change it.
    async fn provider(&self) -> Result<Opened, Failure> {
        self.existing_data()?;
        self.new_provider().await
    }

    /// The same, for commands that may be the first: what is missing is made.
    async fn new_provider(&self) -> Result<Opened, Failure> {
        self.open(&self.configuration()?).await
    }

    async fn open(&self, config: &Config) -> Result<Opened, Failure> {
        // These commands make no token, so what stands for the issuer does not matter to them.
        let issuer = parse_issuer(config.issuer.as_deref().unwrap_or("http://127.0.0.1"))?;
        Opened::open(config, issuer).await
    }

    /// The service as the server runs it, for commands to which the issuer matters; and the issuer, which is `given`, configured,
    /// that of the last server on these data, or where a server would listen.
    async fn provider_as_served(&self, given: Option<String>) -> Result<(Opened, Issuer), Failure> {
        let config = self.configuration()?;
        let data_dir = DataDir::open_existing(&config.data_dir)?;
        let issuer = match given.or_else(|| config.issuer.clone()) {
            Some(named) => parse_issuer(&named)?,
            None => match data_dir.served_issuer()? {
                Some(served) => parse_issuer(&served)?,
                None => serve::issuer(&config, config.listen)?,
            },
        };
        let opened = Opened::open(&config, issuer.clone()).await?;
        Ok((opened, issuer))
    }
}

fn parse_issuer(text: &str) -> Result<Issuer, Failure> {
    text.parse()
        .map_err(|error| Failure::new("configuration", format!("issuer {text}: {error}")))
}

/// Data that is open, and the service on it.
pub(crate) struct Opened {
    pub(crate) data_dir: DataDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) provider: Provider,
    pub(crate) key_sets: Arc<KeySetFetcher>,
}

impl Opened {
    /// Opens the data folder, its database and its keys; makes what is missing.
    pub(crate) async fn open(config: &Config, issuer: Issuer) -> Result<Self, Failure> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let master_key = data_dir.master_key(&SystemRandom)?;
        let store = SqliteStore::open(&data_dir.database(), &SystemRandom)
            .map_err(|error| Failure::new("storage", error))?;
        let store: Arc<dyn Store> = Arc::new(store);
        let mut settings = Settings::new(issuer);
        settings.token_profile = config.token_profile();
        settings.classic = config.classic_settings();
        settings.wazo = config.wazo_settings();
        settings.access_token_format = config.access_token.format;
        settings.access_token_algorithm = config.access_token.algorithm;
        settings.access_token_lifetime = config.lifetimes.access_token;
        settings.refresh_token_lifetime = config.lifetimes.refresh_token;
        settings.refresh_token_idle_lifetime = config.lifetimes.refresh_token_idle;
        settings.authorization_code_lifetime = config.lifetimes.authorization_code;
        settings.id_token_lifetime = config.lifetimes.id_token;
        settings.strict = config.strict;
        settings
            .auth_methods
            .clone_from(&config.client_auth_methods);
        settings.session_lifetime = config.lifetimes.session;
        settings.session_idle_lifetime = config.lifetimes.session_idle;
        settings.max_sessions = config.sessions.max_per_user;
        settings.refresh_retry_window = config.refresh.retry_window;
        settings.max_grants = config.refresh.max_grants;
        settings.key_rotation_interval = i64::from(config.keys.rotation_days) * 86_400;
        settings.throttle.account_failures = config.throttle.account_failures;
        settings.throttle.address_failures = config.throttle.address_failures;
        settings.throttle.window = config.throttle.window;
        settings.throttle.max_delay = config.throttle.max_delay;
        settings.cache_max_stale = config.cache.max_stale.into();
        settings.hashing_workers = config.hashing.workers;
        let key_sets = Arc::new(KeySetFetcher::new(config.jwks_uri.allowed_networks.clone()));
        let host = Host {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            master_key,
            key_sets: Some(Arc::clone(&key_sets) as Arc<_>),
        };
        let provider = Provider::start(Arc::clone(&store), settings, host)
            .await
            .map_err(|error| match error {
                KeyError::Store(error) => error.into(),
                error => Failure::new("keys", error),
            })?;
        Ok(Self {
            data_dir,
            store,
            provider,
            key_sets,
        })
    }
}
