//! Grants of every kind, and the tokens that stand on them.

use countersign_core::{
    Client, CurrentRefresh, EntityId, Epoch, Generation, Grant, GrantId, GrantLifetime, GrantUser,
    Random, Session, Timestamp, TokenId, User,
};

use super::{Counting, NOW, coded_grant, key_id, varied_authorizations};
use crate::{CreateGrant, CreateStandingGrant, GrantLimits, Store};

/// No more than `of_client` grants of one user and client.
#[must_use]
pub const fn limits(of_client: u32) -> GrantLimits {
    GrantLimits {
        of_client,
        unredeemed: u32::MAX,
    }
}

pub(super) fn bytes<const N: usize>() -> [u8; N] {
    let counting: &dyn Random = &Counting;
    counting.bytes()
}

/// The refresh token with which a grant begins.
#[must_use]
pub fn first_refresh() -> CurrentRefresh {
    CurrentRefresh {
        generation: Generation::FIRST,
        nonce: bytes(),
        key: key_id("refresh-1"),
        used_at: NOW,
        previous_tag: None,
        retried_in_a_row: 0,
        retried: false,
    }
}

/// A successor of `current`, made five seconds later.
#[must_use]
pub fn next_refresh(current: &CurrentRefresh) -> CurrentRefresh {
    CurrentRefresh {
        generation: current
            .generation
            .next()
            .expect("the generations of a sample do not end"),
        nonce: bytes(),
        used_at: current.used_at.plus(5),
        previous_tag: Some(bytes()),
        ..current.clone()
    }
}

/// A grant of `client` by `user` that was authorized at [`NOW`].
#[must_use]
pub fn grant(client: &Client, user: &User) -> Grant {
    grant_at(client, user, NOW)
}

/// A grant of `client` by `user` that was authorized at `at`. Ids of different seconds are ordered by them.
#[must_use]
pub fn grant_at(client: &Client, user: &User, at: Timestamp) -> Grant {
    Grant {
        user: Some(GrantUser {
            id: user.id,
            epoch: user.epoch,
        }),
        ..standing_grant_at(client, "", at)
    }
}

/// The standing grant of `client` for `scope`, made at [`NOW`].
#[must_use]
pub fn standing_grant(client: &Client, scope: &str) -> Grant {
    standing_grant_at(client, scope, NOW)
}

/// The standing grant of `client` for `scope`, made at `at`. Ids of different seconds are ordered by them.
#[must_use]
pub fn standing_grant_at(client: &Client, scope: &str, at: Timestamp) -> Grant {
    Grant {
        id: EntityId::generate(at, &Counting).into(),
        client: client.id,
        client_epoch: client.epoch,
        user: None,
        scope: scope.parse().expect("a sample is a scope"),
        resources: Vec::new(),
        created_at: at,
        lifetime: GrantLifetime {
            ends_at: at.plus(31_536_000),
            idle: 2_592_000,
        },
        refresh: Some(CurrentRefresh {
            used_at: at,
            ..first_refresh()
        }),
        authorization: None,
    }
}

/// Grants whose fields take, between them, both ends of every range, nothing where there may be nothing, and odd texts.
/// Some of them were authorized in `session`.
#[must_use]
pub fn varied_grants(client: &Client, user: &User, session: &Session) -> Vec<Grant> {
    let mut grants = Vec::new();
    let mut add = |change: &dyn Fn(&mut Grant, &mut CurrentRefresh)| {
        let mut grant = grant(client, user);
        let mut refresh = first_refresh();
        change(&mut grant, &mut refresh);
        grant.refresh = Some(refresh);
        grants.push(grant);
    };
    add(&|_, _| ());
    add(&|it, _| it.id = GrantId::from_bytes([0xff; 16]));
    add(&|it, _| {
        let text = "openid 'quoted' %_ a;b /accounts/{id}/wallets.read offline_access";
        it.scope = text.parse().expect("a sample is a scope");
    });
    add(&|it, _| {
        it.resources = ["urn:example:b", "https://api.example.com/?a='%22"]
            .map(|uri| uri.parse().expect("a sample is a resource URI"))
            .to_vec();
    });
    add(&|it, refresh| {
        it.created_at = Timestamp::from_seconds(0);
        it.lifetime.ends_at = Timestamp::from_seconds(0);
        it.lifetime.idle = 0;
        refresh.used_at = Timestamp::from_seconds(0);
    });
    add(&|it, refresh| {
        it.created_at = Timestamp::from_seconds(253_402_300_799);
        it.lifetime.ends_at = Timestamp::from_seconds(253_402_300_799);
        it.lifetime.idle = u32::MAX;
        refresh.used_at = Timestamp::from_seconds(253_402_300_799);
    });
    // RULES R11.
    add(&|_, refresh| refresh.generation = Generation::from_number(u32::MAX));
    add(&|_, refresh| {
        refresh.nonce = [0xff; 16];
        refresh.previous_tag = Some([0xff; 8]);
        refresh.retried_in_a_row = u32::MAX;
        refresh.retried = true;
    });
    add(&|_, refresh| {
        refresh.nonce = [0; 16];
        refresh.key = key_id(&"_".repeat(64));
        refresh.previous_tag = Some([0; 8]);
    });
    grants.push(Grant {
        refresh: None,
        ..grant(client, user)
    });
    for authorization in varied_authorizations(session) {
        grants.push(Grant {
            authorization: Some(authorization),
            ..coded_grant(client, user, session)
        });
    }
    grants
}

/// Standing grants of `client`, each for a scope of its own, whose fields take the same values.
#[must_use]
pub fn varied_standing_grants(client: &Client, user: &User, session: &Session) -> Vec<Grant> {
    let mut grants = varied_grants(client, user, session);
    grants.retain(|it| it.authorization.is_none());
    for (number, grant) in grants.iter_mut().enumerate() {
        grant.user = None;
        let tokens = grant.scope.iter().map(ToString::to_string);
        let tokens: Vec<String> = tokens.chain([format!("scope-{number}")]).collect();
        grant.scope = tokens.join(" ").parse().expect("a sample is a scope");
    }
    grants
}

/// Stores a standing grant of `client` for `scope` and gives it back.
pub async fn create_standing_grant(store: &dyn Store, client: &Client, scope: &str) -> Grant {
    let grant = standing_grant(client, scope);
    let created = store.create_standing_grant(grant.clone(), None, u32::MAX);
    match created.await {
        Ok(CreateStandingGrant::Created { ended }) if ended.is_empty() => grant,
        other => unreachable!("the standing grant cannot be created: {other:?}"),
    }
}

/// Stores a grant of `client` by `user` and gives it back.
pub async fn create_grant(store: &dyn Store, client: &Client, user: &User) -> Grant {
    let grant = grant(client, user);
    match store.create_grant(grant.clone(), limits(u32::MAX)).await {
        Ok(CreateGrant::Created { ended }) if ended.is_empty() => grant,
        other => unreachable!("the grant cannot be created: {other:?}"),
    }
}

/// A token of client credentials, minted under `epoch`.
#[must_use]
pub fn token(epoch: Epoch) -> TokenId {
    TokenId::generate(GrantId::NONE, epoch, &Counting)
}

/// A token that stands on `grant`.
#[must_use]
pub fn token_of(grant: &Grant) -> TokenId {
    TokenId::generate(grant.id, grant.client_epoch, &Counting)
}
