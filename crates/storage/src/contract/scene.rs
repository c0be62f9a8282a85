//! A client, a user and a grant between them, and the ways in which that ends.

use std::sync::Arc;

use countersign_core::{Client, CurrentRefresh, Grant, TokenId, User};

use super::samples::{NOW, create, create_grant, create_user, token_of};
use crate::{
    EndGrant, FoundGrant, Issued, Liveness, LivenessQuery, RemoveClient, RemoveUser, SeenRefresh,
    Store, UpdateClient, UpdateUser,
};

/// A client, a user and a grant between them, as they were when it was stored.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) client: Client,
    pub(super) user: User,
    pub(super) grant: Grant,
}

/// A way in which a grant ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Grant,
    UserDisabled,
    UserEpoch,
    UserRemoved,
    ClientEpoch,
    ClientRemoved,
    Everything,
}

impl End {
    pub(super) const ALL: [Self; 7] = [
        Self::Grant,
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
            Self::UserDisabled | Self::UserEpoch | Self::UserRemoved => Liveness::UserEnded,
            Self::ClientEpoch | Self::ClientRemoved | Self::Everything => Liveness::ClientEnded,
        }
    }
}

impl Scene {
    /// Stores a client and a user of this name, and a grant between them.
    pub(super) async fn set(store: &Arc<dyn Store>, name: &str) -> Self {
        let client = create(&**store, name).await;
        let user = create_user(&**store, name).await;
        let grant = create_grant(&**store, &client, &user).await;
        Self {
            client,
            user,
            grant,
        }
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
