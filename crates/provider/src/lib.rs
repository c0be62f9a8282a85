//! The OAuth 2 authorization server as a library, without an HTTP framework.
