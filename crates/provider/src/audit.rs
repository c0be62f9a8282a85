//! What an operator has to know afterwards (RULES O1): security decisions that a response does not tell.
//!
//! Each event is one line of the log with the target `countersign::audit`, a name in the field `event`, and the ids that
//! it concerns. No event holds a token or a secret.

use countersign_core::{AuthMethod, ClientId, EntityId, Grant, GrantId, Scope};

use crate::Origin;

/// A refresh token was used again after its successor: it or the successor is in wrong hands, and the grant was ended
/// (RULES R2, RFC 9700 §4.14.2).
pub(crate) fn refresh_reused(grant: &Grant, client: &ClientId) {
    tracing::warn!(
        target: "countersign::audit",
        event = "refresh_token_reused",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        "a refresh token was used again; its grant was ended"
    );
}

/// A refresh token is newer than storage knows: a backup was restored and nobody declared it (RULES R4).
pub(crate) fn refresh_newer_than_stored(grant: &Grant, client: &ClientId) {
    tracing::error!(
        target: "countersign::audit",
        event = "refresh_token_newer_than_stored",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        "a refresh token is newer than storage; if a backup was restored, run: countersign recover --restored-to TIME"
    );
}

/// A refresh token of the time that a declared restore has lost was accepted (RULES R4).
pub(crate) fn refresh_recovered(grant: &Grant, client: &ClientId) {
    tracing::warn!(
        target: "countersign::audit",
        event = "refresh_token_recovered",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        "a refresh token from the lost time of a restore was accepted"
    );
}

/// A client presented the refresh token of another one (RULES R3).
pub(crate) fn refresh_of_another_client(grant: &Grant, client: &ClientId) {
    tracing::warn!(
        target: "countersign::audit",
        event = "refresh_token_of_another_client",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        "a client presented the refresh token of another one"
    );
}

/// There were too many grants of one user and client, or of the client alone; the oldest was ended (RULES R10).
pub(crate) fn oldest_grant_ended(grant: GrantId, user: Option<EntityId>, client: &ClientId) {
    tracing::warn!(
        target: "countersign::audit",
        event = "oldest_grant_ended",
        %grant,
        user = user.map(tracing::field::display),
        %client,
        "there were too many grants of this user with this client, or of the client alone; the oldest was ended"
    );
}

/// A user has signed in.
pub(crate) fn signed_in(user: EntityId, client: &ClientId, origin: Origin) {
    tracing::info!(
        target: "countersign::audit",
        event = "signed_in",
        %user,
        %client,
        address = origin.address.map(tracing::field::display),
        "a user signed in"
    );
}

/// Somebody could not prove to be a user. The name is not told: people type passwords where names belong.
pub(crate) fn sign_in_refused(user: Option<EntityId>, client: &ClientId, origin: Origin) {
    tracing::info!(
        target: "countersign::audit",
        event = "sign_in_refused",
        user = user.map(tracing::field::display),
        %client,
        address = origin.address.map(tracing::field::display),
        "a sign-in was refused"
    );
}

/// A user has agreed to what a client asked for.
pub(crate) fn consented(user: EntityId, client: &ClientId, scope: &Scope) {
    tracing::info!(
        target: "countersign::audit",
        event = "consented",
        %user,
        %client,
        %scope,
        "a user agreed to what a client asked for"
    );
}

/// A user has not agreed to what a client asked for.
pub(crate) fn consent_denied(user: Option<EntityId>, client: &ClientId) {
    tracing::info!(
        target: "countersign::audit",
        event = "consent_denied",
        user = user.map(tracing::field::display),
        %client,
        "a user did not agree to what a client asked for"
    );
}

/// A client was authorized at the authorization endpoint.
pub(crate) fn authorized(grant: &Grant, client: &ClientId, origin: Origin) {
    tracing::info!(
        target: "countersign::audit",
        event = "authorized",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        address = origin.address.map(tracing::field::display),
        "a client was authorized"
    );
}

/// A code was used again: it or the tokens that it gave are in wrong hands, and the grant was ended (RULES C2).
pub(crate) fn code_replayed(grant: &Grant, client: &ClientId) {
    tracing::warn!(
        target: "countersign::audit",
        event = "code_replayed",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        "an authorization code was used again; its grant was ended"
    );
}

/// A code came from another client, with another redirect URI or without the right verifier, or long after it was
/// redeemed (RULES C2).
pub(crate) fn code_refused(grant: &Grant, client: &ClientId, reason: &str, origin: Origin) {
    tracing::warn!(
        target: "countersign::audit",
        event = "code_refused",
        grant = %grant.id,
        user = grant.user.map(|it| tracing::field::display(it.id)),
        %client,
        address = origin.address.map(tracing::field::display),
        reason,
        "an authorization code was refused"
    );
}

/// An authorization request was refused with a page: its redirect URI is not one of the client's (RFC 6749 §4.1.2.1).
pub(crate) fn redirect_uri_refused(client: &ClientId, redirect_uri: &str) {
    tracing::warn!(
        target: "countersign::audit",
        event = "redirect_uri_refused",
        %client,
        redirect_uri,
        "a redirect URI is not one that is registered for the client"
    );
}

/// A request did not prove to come from the client that it names.
pub(crate) fn client_refused(
    client: &ClientId,
    method: AuthMethod,
    reason: &'static str,
    origin: Origin,
) {
    tracing::info!(
        target: "countersign::audit",
        event = "client_refused",
        %client,
        method = method.name(),
        address = origin.address.map(tracing::field::display),
        reason,
        "a client did not prove who it is"
    );
}

/// The most characters that are logged of what somebody has made up.
const MAX_LOGGED: usize = 64;

/// An assertion was not made by the client that it names, which may be none. Names and ids of keys are no secrets; what is
/// logged of them is what fits into a line.
pub(crate) fn assertion_refused(
    client: &str,
    method: AuthMethod,
    kid: Option<&str>,
    reason: &'static str,
    origin: Origin,
) {
    let cut = |text: &str| text.chars().take(MAX_LOGGED).collect::<String>();
    tracing::info!(
        target: "countersign::audit",
        event = "client_refused",
        client = ?cut(client),
        method = method.name(),
        kid = kid.map(|kid| tracing::field::debug(cut(kid))),
        address = origin.address.map(tracing::field::display),
        reason,
        "a client did not prove who it is"
    );
}

/// An assertion was used again: it is in wrong hands, or its client makes one for several requests (RULES N3).
pub(crate) fn assertion_replayed(client: &ClientId, origin: Origin) {
    tracing::warn!(
        target: "countersign::audit",
        event = "assertion_replayed",
        %client,
        address = origin.address.map(tracing::field::display),
        "a client assertion was used again"
    );
}

/// There were too many sessions of one user; the oldest was ended.
pub(crate) fn oldest_session_ended(session: EntityId, user: EntityId) {
    tracing::warn!(
        target: "countersign::audit",
        event = "oldest_session_ended",
        %session,
        %user,
        "the user had too many sessions; the oldest was ended"
    );
}

/// A session was ended: by signing out, by an operator, or since another user signed in with that browser.
pub(crate) fn session_ended(session: EntityId) {
    tracing::info!(
        target: "countersign::audit",
        event = "session_ended",
        %session,
        "a session was ended"
    );
}

/// A user has signed out.
pub(crate) fn signed_out(user: EntityId, origin: Origin) {
    tracing::info!(
        target: "countersign::audit",
        event = "signed_out",
        %user,
        address = origin.address.map(tracing::field::display),
        "a user signed out"
    );
}

/// A form came from another site, or from another browser than the one that was shown its page (attack classes 13 and 16).
pub(crate) fn foreign_form(origin: Origin) {
    tracing::warn!(
        target: "countersign::audit",
        event = "foreign_form",
        address = origin.address.map(tracing::field::display),
        "a form came that this browser was not shown"
    );
}

/// What a user had agreed to let a client have was forgotten.
pub(crate) fn consent_forgotten(user: EntityId, client: EntityId) {
    tracing::info!(
        target: "countersign::audit",
        event = "consent_forgotten",
        %user,
        %client,
        "what a user had agreed to was forgotten"
    );
}

/// A refresh token of the wazo dialect was ended, with the sessions that were made with it. Who did it is `actor`, here as in
/// what follows; without, it was the operator.
pub(crate) fn wazo_refresh_token_ended(user: EntityId, actor: Option<EntityId>) {
    tracing::info!(
        target: "countersign::audit",
        event = "wazo_refresh_token_ended",
        %user,
        actor = actor.map(tracing::field::display),
        "a refresh token of the wazo dialect was ended"
    );
}

/// A user was added, changed or removed, or has a new password, as `event` says.
pub(crate) fn user_changed(user: EntityId, actor: Option<EntityId>, event: &'static str) {
    tracing::info!(
        target: "countersign::audit",
        event,
        %user,
        actor = actor.map(tracing::field::display),
        "a user was changed through the wazo dialect"
    );
}

/// A policy was made, changed or removed, as `event` says.
pub(crate) fn policy_changed(policy: EntityId, actor: Option<EntityId>, event: &'static str) {
    tracing::info!(
        target: "countersign::audit",
        event,
        %policy,
        actor = actor.map(tracing::field::display),
        "a policy of the wazo dialect is another one now"
    );
}

/// A policy was given to a user, or withdrawn, as `event` says.
pub(crate) fn policy_of_user(
    policy: EntityId,
    user: EntityId,
    actor: Option<EntityId>,
    event: &'static str,
) {
    tracing::info!(
        target: "countersign::audit",
        event,
        %policy,
        %user,
        actor = actor.map(tracing::field::display),
        "a user has other policies of the wazo dialect now"
    );
}
