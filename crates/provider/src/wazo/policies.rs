//! Policies, and who has them. Nobody gives or withdraws what he has not himself.

use countersign_core::wazo::{AccessList, AccessPattern, Policy, PolicyName, PolicySlug};
use countersign_core::{EntityId, Revision};
use countersign_storage::{AssignPolicy, ChangePolicy};

use super::{Absent, Caller, NOBODY, Refusal, Taken, Wazo};
use crate::audit;

/// How often a change is tried again after somebody else was faster.
const ATTEMPTS: usize = 5;

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText {
    /// Its name.
    pub name: PolicyName,
    /// Its short name; without it, made of the name.
    pub slug: Option<PolicySlug>,
    /// What it is for.
    pub description: Option<String>,
    /// What it gives access to.
    pub acl: AccessList,
}

impl Caller {
    /// That the caller has what it gives to others, and not only where it is about the caller: `me` is given as the word, never as
    /// an id that would count as a right to somebody else's affairs.
    fn gives(&self, pattern: &AccessPattern) -> Result<(), Refusal> {
        if self.acl.may_give(pattern, NOBODY) {
            Ok(())
        } else {
            Err(Refusal::NotYours(pattern.clone()))
        }
    }

    fn withdraws(&self, pattern: &AccessPattern) -> Result<(), Refusal> {
        if self.acl.may_withdraw(pattern, NOBODY) {
            Ok(())
        } else {
            Err(Refusal::NotYours(pattern.clone()))
        }
    }

    /// What is new must be the caller's to give, what is left out the caller's to withdraw.
    fn replaces(&self, old: &AccessList, new: &AccessList) -> Result<(), Refusal> {
        new.check().map_err(|_| Refusal::TooManyPatterns)?;
        let is_in =
            |list: &AccessList, pattern: &AccessPattern| list.iter().any(|it| it == pattern);
        for pattern in new.iter().filter(|it| !is_in(old, it)) {
            self.gives(pattern)?;
        }
        for pattern in old.iter().filter(|it| !is_in(new, it)) {
            self.withdraws(pattern)?;
        }
        Ok(())
    }
}

impl Wazo<'_> {
    /// Makes a policy.
    pub async fn add_policy(&self, caller: &Caller, text: PolicyText) -> Result<Policy, Refusal> {
        caller.replaces(&AccessList::default(), &text.acl)?;
        let provider = self.provider;
        let now = provider.clock.now();
        let policy = Policy {
            id: provider.ids.next(now, &*provider.random),
            slug: slug(&text)?,
            name: text.name,
            description: checked(text.description)?,
            acl: text.acl,
            revision: Revision::FIRST,
            created_at: now,
        };
        let added = done(provider.store.create_policy(policy).await?)?;
        let added = added.ok_or(Refusal::Contended)?;
        audit::policy_changed(added.id, caller.actor(), "policy_added");
        Ok(added)
    }

    /// The policy with this id or slug.
    pub async fn find_policy(&self, _: &Caller, id_or_slug: &str) -> Result<Policy, Refusal> {
        self.policy(id_or_slug).await
    }

    /// At most `limit` policies, the oldest first, beginning behind `after`.
    pub async fn list_policies(
        &self,
        _: &Caller,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Policy>, Refusal> {
        Ok(self.provider.store.list_policies(after, limit).await?)
    }

    /// Makes a policy say something else.
    pub async fn replace_policy(
        &self,
        caller: &Caller,
        id_or_slug: &str,
        text: &PolicyText,
    ) -> Result<Policy, Refusal> {
        self.change_policy(caller, id_or_slug, |policy| {
            caller.replaces(&policy.acl, &text.acl)?;
            policy.name = text.name.clone();
            policy.slug = text.slug.clone().unwrap_or_else(|| policy.slug.clone());
            policy.description = checked(text.description.clone())?;
            policy.acl = text.acl.clone();
            Ok(())
        })
        .await
    }

    /// Removes a policy from all its users.
    pub async fn remove_policy(&self, caller: &Caller, id_or_slug: &str) -> Result<(), Refusal> {
        let policy = self.policy(id_or_slug).await?;
        // To remove what takes access away is to give it.
        caller.replaces(&policy.acl, &AccessList::default())?;
        if self.provider.store.remove_policy(policy.id).await? {
            audit::policy_changed(policy.id, caller.actor(), "policy_removed");
            Ok(())
        } else {
            Err(Refusal::Absent(Absent::Policy))
        }
    }

    /// Adds a pattern to a policy.
    pub async fn add_access(
        &self,
        caller: &Caller,
        id_or_slug: &str,
        pattern: &AccessPattern,
    ) -> Result<Policy, Refusal> {
        caller.gives(pattern)?;
        self.change_policy(caller, id_or_slug, |policy| {
            if policy.acl.iter().any(|it| it == pattern) {
                return Err(Refusal::Taken(Taken::Entry));
            }
            let patterns = policy
                .acl
                .iter()
                .chain([pattern])
                .cloned()
                .collect::<Vec<_>>();
            policy.acl = patterns.try_into().map_err(|_| Refusal::TooManyPatterns)?;
            Ok(())
        })
        .await
    }

    /// Takes a pattern out of a policy.
    pub async fn withdraw_access(
        &self,
        caller: &Caller,
        id_or_slug: &str,
        pattern: &AccessPattern,
    ) -> Result<Policy, Refusal> {
        caller.withdraws(pattern)?;
        self.change_policy(caller, id_or_slug, |policy| {
            let left: AccessList = policy
                .acl
                .iter()
                .filter(|it| *it != pattern)
                .cloned()
                .collect();
            if left == policy.acl {
                return Err(Refusal::Absent(Absent::Entry));
            }
            policy.acl = left;
            Ok(())
        })
        .await
    }

    /// Gives a policy to a user, never to oneself by right of `me` alone: the policy may grow. Tokens that are there stay as they
    /// are.
    pub async fn assign_policy(
        &self,
        caller: &Caller,
        id_or_slug: &str,
        user: EntityId,
    ) -> Result<(), Refusal> {
        let required = format!("auth.users.{user}.policies.{id_or_slug}.create");
        caller.require_more_than_own(user, &required)?;
        let policy = self.policy(id_or_slug).await?;
        policy
            .acl
            .iter()
            .try_for_each(|pattern| caller.gives(pattern))?;
        let assigned = self.provider.store.assign_policy(policy.id, user).await?;
        if is_new(assigned)? {
            audit::policy_of_user(policy.id, user, caller.actor(), "policy_assigned");
        }
        Ok(())
    }

    /// Takes a policy from a user. Tokens that are there stay as they are.
    pub async fn withdraw_policy(
        &self,
        caller: &Caller,
        id_or_slug: &str,
        user: EntityId,
    ) -> Result<(), Refusal> {
        let required = format!("auth.users.{user}.policies.{id_or_slug}.delete");
        caller.require_more_than_own(user, &required)?;
        let policy = self.policy(id_or_slug).await?;
        policy
            .acl
            .iter()
            .try_for_each(|pattern| caller.withdraws(pattern))?;
        let withdrawn = self.provider.store.withdraw_policy(policy.id, user).await?;
        if !is_new(withdrawn)? {
            return Err(Refusal::Absent(Absent::Entry));
        }
        audit::policy_of_user(policy.id, user, caller.actor(), "policy_withdrawn");
        Ok(())
    }

    /// The policies of a user.
    pub async fn policies_of(&self, _: &Caller, user: EntityId) -> Result<Vec<Policy>, Refusal> {
        Ok(self.provider.store.policies_of(user).await?)
    }

    async fn policy(&self, id_or_slug: &str) -> Result<Policy, Refusal> {
        let store = &self.provider.store;
        let by_id = match id_or_slug.parse::<EntityId>() {
            Ok(id) => store.find_policy(id).await?,
            Err(_) => None,
        };
        let found = match (by_id, id_or_slug.parse::<PolicySlug>()) {
            (None, Ok(slug)) => store.find_policy_by_slug(&slug).await?,
            (found, _) => found,
        };
        // The access that a path needs names the policy as it is spelled there: only its own spellings count.
        let is_spelled = |policy: &Policy| {
            policy.slug.as_str() == id_or_slug || policy.id.to_string() == id_or_slug
        };
        found
            .filter(is_spelled)
            .ok_or(Refusal::Absent(Absent::Policy))
    }

    async fn change_policy(
        &self,
        caller: &Caller,
        id_or_slug: &str,
        change: impl Fn(&mut Policy) -> Result<(), Refusal>,
    ) -> Result<Policy, Refusal> {
        for _ in 0..ATTEMPTS {
            let mut policy = self.policy(id_or_slug).await?;
            change(&mut policy)?;
            if let Some(policy) = done(self.provider.store.update_policy(policy).await?)? {
                audit::policy_changed(policy.id, caller.actor(), "policy_changed");
                return Ok(policy);
            }
        }
        Err(Refusal::Contended)
    }
}

/// Whether something was changed.
fn is_new(outcome: AssignPolicy) -> Result<bool, Refusal> {
    match outcome {
        AssignPolicy::Done => Ok(true),
        AssignPolicy::Already => Ok(false),
        AssignPolicy::PolicyNotFound => Err(Refusal::Absent(Absent::Policy)),
        AssignPolicy::UserNotFound => Err(Refusal::Absent(Absent::User)),
    }
}

fn slug(text: &PolicyText) -> Result<PolicySlug, Refusal> {
    let given = text.slug.clone().or_else(|| PolicySlug::of(&text.name));
    Ok(given.ok_or(countersign_core::wazo::PolicyError::Slug)?)
}

fn checked(description: Option<String>) -> Result<Option<String>, Refusal> {
    if let Some(text) = &description {
        Policy::check_description(text)?;
    }
    Ok(description)
}

/// The policy as it is stored now; none if it was changed in between.
fn done(changed: ChangePolicy) -> Result<Option<Policy>, Refusal> {
    match changed {
        ChangePolicy::Done(policy) => Ok(Some(policy)),
        ChangePolicy::Stale => Ok(None),
        ChangePolicy::NameTaken => Err(Refusal::Taken(Taken::PolicyName)),
        ChangePolicy::SlugTaken => Err(Refusal::Taken(Taken::PolicySlug)),
        ChangePolicy::NotFound => Err(Refusal::Absent(Absent::Policy)),
    }
}
