//! The real program over real sockets, one file per theme.

mod bad_http;
mod bad_input;
mod changes_while_running;
mod client_authentication;
mod client_commands;
mod command_line;
mod configuration;
mod crash_and_stop;
mod deployment;
mod first_start;
mod forged_tokens;
mod introspection;
mod introspection_by_bearer;
mod judge;
mod key_commands;
mod nothing_secret_leaks;
mod revocation;
mod scope_and_resource;
mod token_inspect;
mod token_response;
