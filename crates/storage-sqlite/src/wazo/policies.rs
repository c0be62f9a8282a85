//! Policies, and whose they are.

use countersign_core::EntityId;
use countersign_core::wazo::Policy;
use countersign_storage::{AssignPolicy, ChangePolicy, StoreError};
use rusqlite::{Connection, Params, Row, params};

use crate::failure::Result;
use crate::rows::{NamedRow, bound, json, stored_revision};
use crate::sql;

pub(super) fn create(connection: &Connection, policy: Policy) -> Result<ChangePolicy> {
    if let Some(taken) = taken(connection, &policy, None)? {
        return Ok(taken);
    }
    let created = connection
        .prepare_cached(sql::wazo::CREATE_POLICY)?
        .execute(params![
            policy.id.as_bytes(),
            policy.name.as_str(),
            policy.slug.as_str(),
            bound(policy.revision.number()),
            policy.created_at.as_seconds(),
            policy.description,
            json("a policy", &policy.acl)?,
        ])?;
    if created == 0 {
        return Err(StoreError::EntityIdTaken(policy.id).into());
    }
    Ok(ChangePolicy::Done(policy))
}

pub(super) fn update(connection: &Connection, changed: &Policy) -> Result<ChangePolicy> {
    let revision_of = sql::wazo::POLICY_REVISION;
    match stored_revision(connection, revision_of, "wazo_policies", changed.id)? {
        None => return Ok(ChangePolicy::NotFound),
        Some(stored) if stored != changed.revision => return Ok(ChangePolicy::Stale),
        Some(_) => {}
    }
    if let Some(taken) = taken(connection, changed, Some(changed.id))? {
        return Ok(taken);
    }
    let updated = one(
        connection,
        sql::wazo::UPDATE_POLICY,
        params![
            changed.id.as_bytes(),
            changed.name.as_str(),
            changed.slug.as_str(),
            changed.description,
            json("a policy", &changed.acl)?,
        ],
    )?;
    Ok(updated.map_or(ChangePolicy::NotFound, ChangePolicy::Done))
}

/// What stands against a policy that is as `wanted`: one of its name or slug, other than the one that it was `before`.
fn taken(
    connection: &Connection,
    wanted: &Policy,
    before: Option<EntityId>,
) -> Result<Option<ChangePolicy>> {
    let before = before.as_ref().map(EntityId::as_bytes);
    let (name_taken, slug_taken): (bool, bool) = connection
        .prepare_cached(sql::wazo::POLICY_TAKEN)?
        .query_row(
            params![before, wanted.name.as_str(), wanted.slug.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    Ok(match (name_taken, slug_taken) {
        (true, _) => Some(ChangePolicy::NameTaken),
        (false, true) => Some(ChangePolicy::SlugTaken),
        (false, false) => None,
    })
}

pub(super) fn one(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Option<Policy>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut policies = statement.query_and_then(values, policy)?;
    policies.next().transpose()
}

pub(super) fn list(
    connection: &Connection,
    after: Option<EntityId>,
    limit: u32,
) -> Result<Vec<Policy>> {
    let after = after.as_ref().map(EntityId::as_bytes);
    let mut statement = connection.prepare_cached(sql::wazo::LIST_POLICIES)?;
    let policies = statement.query_and_then(params![after, limit], policy)?;
    policies.collect()
}

pub(super) fn remove(connection: &Connection, id: EntityId) -> Result<bool> {
    connection
        .prepare_cached(sql::wazo::WITHDRAW_FROM_ALL)?
        .execute([id.as_bytes()])?;
    let removed = connection
        .prepare_cached(sql::wazo::DELETE_POLICY)?
        .execute([id.as_bytes()])?;
    Ok(removed > 0)
}

/// Carries out a statement that gives a policy to a user, or takes it away.
pub(super) fn change_assignment(
    connection: &Connection,
    sql: &str,
    policy: EntityId,
    user: EntityId,
) -> Result<AssignPolicy> {
    let pair = [policy.as_bytes(), user.as_bytes()];
    let (policy_is_there, user_is_there): (bool, bool) = connection
        .prepare_cached(sql::wazo::ASSIGNMENT_MAY_STAND)?
        .query_row(pair, |row| Ok((row.get(0)?, row.get(1)?)))?;
    if !policy_is_there {
        return Ok(AssignPolicy::PolicyNotFound);
    }
    if !user_is_there {
        return Ok(AssignPolicy::UserNotFound);
    }
    let changed = connection.prepare_cached(sql)?.execute(pair)?;
    Ok(if changed > 0 {
        AssignPolicy::Done
    } else {
        AssignPolicy::Already
    })
}

pub(super) fn of_user(connection: &Connection, user: EntityId) -> Result<Vec<Policy>> {
    let mut statement = connection.prepare_cached(sql::wazo::POLICIES_OF)?;
    let policies = statement.query_and_then([user.as_bytes()], policy)?;
    policies.collect()
}

fn policy(row: &Row<'_>) -> Result<Policy> {
    let row = NamedRow::new("wazo_policies", row);
    Ok(Policy {
        id: row.entity_id("id")?,
        name: row.parse("name", |text: String| text.parse())?,
        slug: row.parse("slug", |text: String| text.parse())?,
        description: row.get("description")?,
        acl: row.json("acl")?,
        revision: row.revision("revision")?,
        created_at: row.time("created_at")?,
    })
}
