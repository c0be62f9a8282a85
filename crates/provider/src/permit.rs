//! The one gate out (RULES A4): policy gives a [`Permit`], storage makes it true, and only then is anything signed.
//!
//! A permit is made of evidence, a granted scope and a granted audience. Each of these can be made only by the module
//! that checks it, so a path to a token that skips one of the checks does not compile.

use countersign_core::{Client, GrantId, Scope};

use crate::authenticate::ProvenClient;
use crate::token::{GrantedAudience, GrantedScope};

/// What was proved before a token was asked for. Each kind of evidence can be made only by the module that checks it.
#[derive(Debug)]
pub(crate) enum Evidence {
    /// The client itself, by its credentials (RFC 6749 §4.4).
    ClientCredentials(ProvenClient),
}

/// Policy has agreed; storage has not yet been asked.
#[derive(Debug)]
pub(crate) struct Permit {
    evidence: Evidence,
    scope: GrantedScope,
    audience: GrantedAudience,
}

/// Policy has agreed and storage has made it true: this may be signed.
#[derive(Debug)]
pub(crate) struct Authorized {
    permit: Permit,
    grant: GrantId,
}

impl Permit {
    /// The decision that whoever gave `evidence` may have a token of this scope, for this audience.
    pub(crate) const fn new(
        evidence: Evidence,
        scope: GrantedScope,
        audience: GrantedAudience,
    ) -> Self {
        Self {
            evidence,
            scope,
            audience,
        }
    }

    /// Makes the permit true.
    pub(crate) fn redeem(self) -> Authorized {
        match self.evidence {
            // Nothing is consumed and nothing written: the token stands on the client alone (DESIGN §3).
            Evidence::ClientCredentials(_) => Authorized {
                permit: self,
                grant: GrantId::NONE,
            },
        }
    }
}

impl Authorized {
    /// The client to which the token is issued.
    pub(crate) fn client(&self) -> &Client {
        match &self.permit.evidence {
            Evidence::ClientCredentials(client) => client.client(),
        }
    }

    /// The subject: RFC 9068 §2.2, the client itself where no resource owner is involved.
    pub(crate) fn subject(&self) -> &str {
        match &self.permit.evidence {
            Evidence::ClientCredentials(client) => client.client().client_id.as_str(),
        }
    }

    /// The grant on which the token stands.
    pub(crate) const fn grant(&self) -> GrantId {
        self.grant
    }

    /// The scope of the token.
    pub(crate) const fn scope(&self) -> &Scope {
        self.permit.scope.get()
    }

    /// The audience of the token.
    pub(crate) fn audience(&self) -> &[String] {
        self.permit.audience.get()
    }
}
