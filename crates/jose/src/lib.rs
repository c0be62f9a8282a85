//! Keys, JWS, JWK sets and JWT profiles, strict. No I/O.
