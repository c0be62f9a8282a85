//! A client, a user, who is signed in, and a grant between them, and the ways in which that ends.

use std::sync::Arc;

use countersign_core::{Client, CurrentRefresh, Grant, Session, TokenId, User};

use super::samples::{
    NOW, coded_grant, create, create_session, create_user, grant_in, limits, token_of,
};
use crate::{
    CreateGrant, EndGrant, EndSession, FoundGrant, Issued, Liveness, LivenessQuery, RemoveClient,
    RemoveUser, SeenRefresh, Store, UpdateClient, UpdateUser,
};

/// A client, a user, a session and a grant that ends with it, as they were when they were stored.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) client: Client,
    pub(super) user: User,
    pub(super) session: Session,
    pub(super) grant: Grant,
}

/// A way in which a grant ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Grant,
    Session,
    UserDisabled,
    UserEpoch,
    UserRemoved,
    ClientEpoch,
    ClientRemoved,
    Everything,
}

impl End {
    pub(super) const ALL: [Self; 8] = [
        Self::Grant,
        Self::Session,
        Self::UserDisabled,
        Self::UserEpoch,
        Self::UserRemoved,
        Self::ClientEpoch,
        Self::ClientRemoved,
        Self::Everything,
    ];

    /// What is told about a token of the grant from then on.
    pub(super) const fn told(self) -> Liveness {
        match self {
            Self::Grant => Liveness::GrantEnded,
            Self::Session => Liveness::SessionEnded,
            Self::UserDisabled | Self::UserEpoch | Self::UserRemoved => Liveness::UserEnded,
            Self::ClientEpoch | Self::ClientRemoved | Self::Everything => Liveness::ClientEnded,
        }
    }
}

impl Scene {
    /// Stores a client and a user of this name, a session of the user, and a grant between them that ends with it.
    pub(super) async fn set(store: &Arc<dyn Store>, name: &str) -> Self {
        Self::set_with(store, name, |_| ()).await
    }

    /// The same, with a grant that `change` has changed.
    pub(super) async fn set_with(
        store: &Arc<dyn Store>,
        name: &str,
        change: impl FnOnce(&mut Grant),
    ) -> Self {
        let client = create(&**store, name).await;
        let user = create_user(&**store, name).await;
        let session = create_session(&**store, &user).await;
        let mut grant = grant_in(&client, &user, &session);
        change(&mut grant);
        store_grant(store, &grant).await;
        Self {
            client,
            user,
            session,
            grant,
        }
    }

    /// Another grant of the same kind, which is not stored.
    pub(super) fn another_grant(&self) -> Grant {
        grant_in(&self.client, &self.user, &self.session)
    }

    /// A grant that ends with the session, with a code that nobody has redeemed; it is not stored.
    pub(super) fn coded_grant(&self) -> Grant {
        coded_grant(&self.client, &self.user, &self.session)
    }

    /// The refresh token with which the grant began.
    pub(super) fn refresh(&self) -> &CurrentRefresh {
        let refresh = self.grant.refresh.as_ref();
        refresh.expect("the grant of a scene has a refresh token")
    }

    /// What is seen of the grant while `current` is its refresh token.
    pub(super) fn seen_as(&self, current: &CurrentRefresh) -> SeenRefresh {
        SeenRefresh {
            generation: current.generation,
            nonce: current.nonce,
            retried: current.retried,
            ..self.seen()
        }
    }

    /// What was seen of the grant when it was stored.
    pub(super) fn seen(&self) -> SeenRefresh {
        SeenRefresh::of(&self.grant).expect("the grant of a scene has a refresh token")
    }

    /// The grant as it is stored now.
    pub(super) async fn found(&self, store: &Arc<dyn Store>) -> Option<FoundGrant> {
        let found = store.find_grant(self.grant.id).await;
        found.expect("the store is up")
    }

    /// Whether a token of the grant is live.
    pub(super) async fn liveness(&self, store: &Arc<dyn Store>) -> Liveness {
        liveness(store, &self.client, token_of(&self.grant)).await
    }

    /// Ends the grant in this way.
    pub(super) async fn end(&self, store: &Arc<dyn Store>, end: End) {
        match end {
            End::Grant => {
                let ended = store.end_grant(self.grant.id).await;
                assert_eq!(ended, Ok(EndGrant::Ended));
            }
            End::Session => {
                let ended = store.end_session(self.session.id).await;
                assert_eq!(ended, Ok(EndSession::Ended));
            }
            End::UserDisabled => {
                change_user(store, &self.user, Issued::Lives, |it| it.enabled = false).await;
            }
            End::UserEpoch => {
                change_user(store, &self.user, Issued::Ends, |_| ()).await;
            }
            End::UserRemoved => {
                let removed = store.remove_user(self.user.id, NOW).await;
                assert!(matches!(removed, Ok(RemoveUser::Removed(_))), "{removed:?}");
            }
            End::ClientEpoch => {
                change_client(store, &self.client, Issued::Ends, |_| ()).await;
            }
            End::ClientRemoved => {
                let removed = store.remove_client(&self.client.client_id, NOW).await;
                assert!(
                    matches!(removed, Ok(RemoveClient::Removed(_))),
                    "{removed:?}"
                );
            }
            End::Everything => assert!(store.end_everything(NOW).await.is_ok()),
        }
    }
}

/// Stores a grant, ending none for it.
pub(super) async fn store_grant(store: &Arc<dyn Store>, grant: &Grant) {
    let created = store.create_grant(grant.clone(), limits(u32::MAX)).await;
    assert_eq!(created, Ok(CreateGrant::Created { ended: Vec::new() }));
}

/// Whether `token` is live if `client` presents it.
pub(super) async fn liveness(store: &Arc<dyn Store>, client: &Client, token: TokenId) -> Liveness {
    let query = LivenessQuery {
        client_id: client.client_id.clone(),
        token,
    };
    store.liveness(&query).await.expect("the store is up")
}

/// Changes the client, whatever its revision is by now, and gives it back as it is stored.
pub(super) async fn change_client(
    store: &Arc<dyn Store>,
    client: &Client,
    issued: Issued,
    change: impl FnOnce(&mut Client),
) -> Client {
    let found = store.find_client(&client.client_id).await;
    let mut client = found
        .expect("the store is up")
        .expect("the client is there");
    change(&mut client);
    match store.update_client(client, issued, NOW).await {
        Ok(UpdateClient::Updated(client)) => client,
        other => unreachable!("the client cannot be changed: {other:?}"),
    }
}

/// Changes the user, whatever its revision is by now, and gives it back as it is stored.
pub(super) async fn change_user(
    store: &Arc<dyn Store>,
    user: &User,
    issued: Issued,
    change: impl FnOnce(&mut User),
) -> User {
    let found = store.find_user(user.id).await;
    let mut user = found.expect("the store is up").expect("the user is there");
    change(&mut user);
    match store.update_user(user, issued, NOW).await {
        Ok(UpdateUser::Updated(user)) => user,
        other => unreachable!("the user cannot be changed: {other:?}"),
    }
}
