//! Black-box conformance checks for any OAuth 2 server.
//!
//! The suite knows a server only by what it answers over HTTP. Each duty of a standard that can be seen that way is
//! one [`Check`] with an id for good, such as `RFC7009-06`. Point it at your own server and read what is wrong, with
//! the requests and the answers that show it.
//!
//! ```sh
//! countersign-conformance list                                 # what is checked
//! countersign-conformance explain RFC7009-06                   # what one check demands, and where to read on
//! countersign-conformance run --target my-server.toml          # judge
//! countersign-conformance key judge-key.pem > judge-jwks.json  # a key for the client that authenticates with one
//! ```
//!
//! # What you need
//!
//! 1. A server that answers, best a test installation: the suite sends wrong secrets and malformed requests, and it
//!    revokes the tokens that it was given. It guesses at the client and the user that are called `guessed` only; for
//!    others it sends something wrong a few times, for `private_key` a dozen times. It sends one request at a time,
//!    leaves the server by no redirect, waits at most 10 seconds for an answer and reads at most one megabyte of it.
//! 2. A few clients registered there, each with a role. One, `primary`, is enough to begin with. What concerns users
//!    takes a user, and clients that send the user to the authorization endpoint (`web`, `spa` and so on) or that take
//!    the password. Refresh tokens are judged with `password`, `other_password` and `public_password`, or else with
//!    `web`, `second` and `spa` in their places.
//! 3. A description of both in TOML. Unknown keys are an error. A check whose client or feature is missing is
//!    *skipped* with the reason, never passed; `run --fail-on-skip` makes sure that nothing was.
//!
#![doc = concat!("```toml\n", include_str!("../examples/target.toml"), "```")]
//!
//! The user's part is played by a small browser without JavaScript. It knows a page by its form: a page to sign in has
//! fields for username and password, one for consent has the button to allow, and so on, by the names in `[pages]`.
//! Other pages count as errors. Redirects are followed within the origins of the issuer and its endpoints, never to a
//! redirect URI; a page with a form that posts to a redirect URI is an answer of `response_mode=form_post`.
//!
//! Over plain `http` to a loopback address, the duties that concern TLS are skipped.
//!
//! # What comes out
//!
//! | result | meaning | counted as |
//! | --- | --- | --- |
//! | `pass` | the duty is kept | passed |
//! | `fail` | a MUST is broken | failed |
//! | `warn` | a SHOULD is broken | neither |
//! | `deviates` | broken, as the description declares | neither |
//! | `unexpected_pass` | declared as broken, and kept | failed |
//! | `skipped` | not looked at | skipped |
//!
//! The last line of the table is always `N passed, N failed, N skipped`, alone. The exit status is 0 if nothing
//! failed; 1 if something did, or was skipped under `--fail-on-skip`; 2 if nothing could be judged: a faulty
//! description, an unknown id, a server that does not answer, or no check that was not skipped.
//!
//! `run --json` prints one document. Secrets and tokens are in neither form; what stood in their place reads
//! `[redacted]`.
//!
//! ```json
//! {
//!   "issuer": "https://as.example",
//!   "summary": { "passed": 1, "failed": 1, "skipped": 0, "warned": 0, "deviating": 0 },
//!   "results": [
//!     {
//!       "check": {
//!         "id": "RFC7009-12", "spec": "RFC7009", "section": "2.2", "level": "MUST",
//!         "profiles": ["revocation"], "requirement": "Revoking a token again gets 200",
//!         "reference": "https://www.rfc-editor.org/rfc/rfc7009#section-2.2"
//!       },
//!       "result": "fail",
//!       "reason": null,
//!       "evidence": {
//!         "expected": "second revocation: 200", "saw": "HTTP 400 with error invalid_request",
//!         "exchanges": [{ "request": "POST https://as.example/revoke\n...", "response": "HTTP 400 ..." }]
//!       }
//!     }
//!   ]
//! }
//! ```
//!
//! `reason` says why a check was skipped, or why a deviation was declared. `reference` is null for checks that do
//! not come from a standard of their own: `META` checks hold a server to its own metadata, `PLUS` checks are demands
//! of this suite.
//!
//! # As a library
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_conformance::{Profile, Selection, Target, run};
//!
//! let target = Target::from_file("my-server.toml".as_ref())?;
//! let selection = Selection { profiles: vec![Profile::Revocation], ..Selection::default() };
//! let report = run(&target, &selection).await?;
//! println!("{report}");
//! assert!(!report.failed());
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It sees what a server answers, not how it stores secrets, and not what only a stolen clock would show. It does
//! not measure speed. It shares no code with the server that it was written beside, and verifies signatures with
//! the `jsonwebtoken` library, whose crypto provider it installs (aws-lc) unless the process has one already.
//!
//! # How to add a check
//!
//! One line in the table at the top of the specification's file in `src/checks`, one function below it, and one sin
//! of the fake server in `tests/suite` that turns it red: a check without a sin fails the tests.
#![forbid(unsafe_code)]

mod answer;
mod assertion;
mod authorization;
mod browser;
mod check;
mod checks;
mod client;
mod cookies;
mod finding;
mod grant;
mod html;
mod http;
mod judge;
mod jwt;
mod metadata;
mod new_key;
mod page;
mod pages;
mod plain;
mod random;
mod redact;
mod report;
mod response;
mod role;
mod run;
mod target;
mod user;
mod variety;

pub use check::{Check, Level, Profile};
pub use checks::{all as checks, find as find_check};
pub use http::Exchange;
pub use new_key::NewKey;
pub use report::{CheckResult, Evidence, Outcome, Report, Summary};
pub use role::Role;
pub use run::{RunError, Selection, run};
pub use target::{Target, TargetError};
