//! Assertions by which a client proves who it is: RFC 7523 §3, OpenID Connect Core §9 (`private_key_jwt` and
//! `client_secret_jwt`).
//!
//! An assertion is good at one issuer, for minutes, and once. The first two are judged here. That its `jti` was not seen
//! before, only who remembers them can say: until `exp`, and as long after it as clocks may differ.

mod sign;
mod verify;

pub use self::sign::{AssertionClaims, SignAssertionError, sign, sign_as, sign_hs256};
pub use self::verify::{
    AssertionError, AssertionRules, UnverifiedAssertion, VerifiedAssertion, verify, verify_hs256,
};

/// The `typ` of an assertion by which a client proves who it is.
pub const TYPE: &str = "client-authentication+jwt";

/// The most seconds that an assertion may live: whoever takes one has to remember it for as long (RULES N3).
pub const MAX_LIFETIME: u32 = 600;

/// The most bytes of a `jti`.
pub const MAX_JTI_LEN: usize = 512;

/// Whether `jti` may name an assertion.
fn is_jti(jti: &str) -> bool {
    (1..=MAX_JTI_LEN).contains(&jti.len())
}
