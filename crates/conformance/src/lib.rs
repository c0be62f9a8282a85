//! Black-box conformance checks for any OAuth 2 server.
