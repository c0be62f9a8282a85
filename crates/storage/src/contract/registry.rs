//! The rules about what scopes and resources mean.

use std::sync::Arc;

use super::samples::{NOW, resource_definition, scope_definition, varied_resources, varied_scopes};
use super::{RACERS, count, race};
use crate::{Define, Registry, Store};

/// A store without definitions says so.
pub async fn registry_begins_empty(store: Arc<dyn Store>) {
    assert_eq!(store.registry().await, Ok(Registry::default()));
}

/// What was defined comes back as it was given, ordered by the bytes of the names.
pub async fn definitions_are_found_with_every_field(store: Arc<dyn Store>) {
    // The last first, so that the order is not that of their coming.
    for scope in varied_scopes().into_iter().rev() {
        assert_eq!(store.define_scope(scope).await, Ok(Define::Added));
    }
    for resource in varied_resources().into_iter().rev() {
        assert_eq!(store.define_resource(resource).await, Ok(Define::Added));
    }
    let registry = Registry {
        scopes: varied_scopes(),
        resources: varied_resources(),
    };
    assert_eq!(store.registry().await, Ok(registry));
}

/// What is defined anew is as it was defined last, with every field.
pub async fn later_definition_replaces_the_earlier_one(store: Arc<dyn Store>) {
    let mut scopes = ["a", "b"].map(scope_definition);
    let mut resources = ["urn:a", "urn:b"].map(resource_definition);
    for scope in scopes.clone() {
        assert_eq!(store.define_scope(scope).await, Ok(Define::Added));
    }
    for resource in resources.clone() {
        assert_eq!(store.define_resource(resource).await, Ok(Define::Added));
    }
    for text in ["once more", ""] {
        scopes[0].description = text.into();
        scopes[0].claims = text.split_terminator(' ').map(Into::into).collect();
        scopes[0].created_at = scopes[0].created_at.plus(9);
        resources[0].description = text.into();
        resources[0].scope = text.parse().unwrap_or_default();
        resources[0].created_at = resources[0].created_at.plus(9);
        let replaced = store.define_scope(scopes[0].clone()).await;
        assert_eq!(replaced, Ok(Define::Replaced));
        let replaced = store.define_resource(resources[0].clone()).await;
        assert_eq!(replaced, Ok(Define::Replaced));
        let registry = Registry {
            scopes: scopes.to_vec(),
            resources: resources.to_vec(),
        };
        assert_eq!(store.registry().await, Ok(registry));
    }
}

/// What is forgotten is gone, and nothing else.
pub async fn forgotten_definitions_are_gone(store: Arc<dyn Store>) {
    let scopes = ["a", "A"].map(scope_definition);
    let resources = ["urn:a", "urn:A"].map(resource_definition);
    for (scope, resource) in scopes.iter().zip(&resources) {
        assert!(store.define_scope(scope.clone()).await.is_ok());
        assert!(store.define_resource(resource.clone()).await.is_ok());
    }
    for was_defined in [true, false] {
        let forgotten = store.forget_scope(&scopes[0].name, NOW).await;
        assert_eq!(forgotten, Ok(was_defined));
        let forgotten = store.forget_resource(&resources[0].resource, NOW).await;
        assert_eq!(forgotten, Ok(was_defined));
    }
    let registry = Registry {
        scopes: vec![scopes[1].clone()],
        resources: vec![resources[1].clone()],
    };
    assert_eq!(store.registry().await, Ok(registry));
    let again = store.define_scope(scopes[0].clone()).await;
    assert_eq!(again, Ok(Define::Added));
}

/// Of many who define one scope, exactly one is the first; of many who forget it, exactly one does.
pub async fn race_of_definitions_has_one_first(store: Arc<dyn Store>) {
    let define = |store: Arc<dyn Store>, _| async move {
        let scope = store.define_scope(scope_definition("a")).await;
        let resource = store.define_resource(resource_definition("urn:a")).await;
        [scope, resource]
    };
    let seen = race(&store, define).await.concat();
    assert_eq!(count(&seen, |it| *it == Ok(Define::Added)), 2);
    let replaced = count(&seen, |it| *it == Ok(Define::Replaced));
    assert_eq!(replaced, 2 * (RACERS - 1));
    let forget = |store: Arc<dyn Store>, _| async move {
        let scope = store.forget_scope(&scope_definition("a").name, NOW).await;
        let uri = resource_definition("urn:a").resource;
        [scope, store.forget_resource(&uri, NOW).await]
    };
    let seen = race(&store, forget).await.concat();
    assert_eq!(count(&seen, |it| *it == Ok(true)), 2);
    assert_eq!(count(&seen, |it| *it == Ok(false)), 2 * (RACERS - 1));
}
