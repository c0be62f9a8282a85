//! The contract that every backend must pass.
//!
//! [`contract_tests!`](crate::contract_tests) makes one test of each rule and
//! [`reopen_tests!`](crate::reopen_tests) those of a backend that outlives its process. Each rule is also a plain
//! async function, for other harnesses; every one wants a store of its own, fresh and empty.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_storage::MemoryStore;
//!
//! // In the tests of a backend. The second half of the pair is kept until the test is over: a temporary folder, a
//! // container, or nothing.
//! countersign_storage::contract_tests!((Arc::new(MemoryStore::new()), ()));
//! ```
#![expect(
    clippy::missing_panics_doc,
    reason = "a rule panics when it is broken: that is its use"
)]

pub mod changes;
pub mod clients;
pub mod keys;
pub mod maintenance;
pub mod reopen;
pub mod samples;
pub mod tokens;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;

use crate::{Changes, Store};

/// How many tasks a race has.
pub const RACERS: usize = 64;

/// Runs a rule on several threads.
pub fn run<T>(rule: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .expect("a test machine can start four threads")
        .block_on(rule)
}

/// Lets [`RACERS`] tasks loose at once, each with its number, and collects what they saw.
pub async fn race<T, F>(
    store: &Arc<dyn Store>,
    racer: impl Fn(Arc<dyn Store>, usize) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(RACERS));
    let tasks: Vec<_> = (0..RACERS)
        .map(|number| {
            let (start, run) = (Arc::clone(&start), racer(Arc::clone(store), number));
            tokio::spawn(async move {
                start.wait().await;
                run.await
            })
        })
        .collect();
    let mut seen = Vec::with_capacity(RACERS);
    for task in tasks {
        seen.push(task.await.expect("a racer does not panic"));
    }
    seen
}

/// How many of `items` are as `wanted`.
fn count<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    items.iter().filter(|item| wanted(item)).count()
}

/// The entries of an answer that must not be [`Changes::Rebuild`].
fn entries(changes: Changes) -> (crate::ChangeCursor, Vec<crate::Change>) {
    match changes {
        Changes::Entries { cursor, changes } => (cursor, changes),
        Changes::Rebuild { .. } => unreachable!("nothing was swept and few changes were made"),
    }
}

/// One `#[test]` for each rule of the contract.
///
/// Takes an expression that may `.await` and gives a pair: an `Arc` of a fresh, empty store, and whatever must live
/// as long as that (`()` if nothing does).
#[macro_export]
macro_rules! contract_tests {
    ($open:expr) => {
        $crate::contract_tests! { @rules $open;
            clients::created_client_is_found_with_every_field
            clients::client_id_is_taken_once
            clients::client_ids_are_told_apart_byte_by_byte
            clients::reused_entity_id_is_refused
            clients::removed_client_is_gone
            clients::rule_r10_epochs_never_repeat
            clients::list_pages_in_order
            clients::race_for_one_client_id_has_one_winner
            clients::race_of_different_clients_draws_different_epochs
            clients::race_of_removals_has_one_winner
            keys::key_ring_begins_empty
            keys::announced_keys_are_found_with_every_field
            keys::key_ring_is_ordered_by_creation
            keys::rule_t6_stale_version_changes_nothing
            keys::rule_t1_key_id_is_taken_once
            keys::revoked_key_keeps_its_first_time
            keys::removed_keys_are_gone
            keys::rule_t6_race_of_rotations_has_one_winner
            keys::rule_t6_race_of_removal_and_rotation_has_one_winner
            keys::key_ring_is_read_in_one_snapshot
            tokens::rule_a2_token_of_a_stored_client_is_live
            tokens::rule_a2_revoked_token_is_dead_at_once
            tokens::rule_a2_token_of_an_unknown_client_is_dead
            tokens::rule_a1_token_of_another_epoch_is_dead
            tokens::rule_r10_token_stays_dead_when_its_client_comes_back
            tokens::revocation_concerns_one_token
            tokens::race_of_revocations_has_one_winner
            tokens::answered_revocation_is_seen_by_every_reader
            changes::head_of_an_empty_store_has_no_changes
            changes::rule_n1_every_change_is_logged
            changes::rule_n1_refused_verbs_log_nothing
            changes::rule_n2_revocations_log_nothing
            changes::cursor_can_be_used_again
            changes::rule_n1_unknown_cursor_means_rebuild
            changes::rule_n1_old_cursor_means_rebuild
            changes::rule_n1_changes_swept_out_of_order_are_not_lost
            changes::rule_n1_sweep_beside_a_poll_hides_nothing
            changes::rule_n1_too_many_changes_mean_rebuild
            changes::rule_n1_what_is_visible_is_logged
            changes::rule_n1_polling_passes_over_nothing
            maintenance::ping_answers
            maintenance::sweep_is_bounded
            maintenance::sweep_removes_only_what_expired
            maintenance::sweep_keeps_recent_changes
            maintenance::race_of_sweeps_removes_each_row_once
            maintenance::rule_o3_first_deployment_mark_stays
            maintenance::rule_o3_race_of_marks_has_one_winner
        }
        #[test]
        fn rule_n1_cursor_of_another_store_means_rebuild() {
            $crate::contract::run(async {
                let (store, _guard) = $open;
                let (other, _other_guard) = $open;
                $crate::contract::changes::rule_n1_cursor_of_another_store_means_rebuild(store, other)
                    .await;
            });
        }
    };
    (@rules $open:expr; $($module:ident :: $rule:ident)*) => {
        $(
            #[test]
            fn $rule() {
                $crate::contract::run(async {
                    let (store, _guard) = $open;
                    $crate::contract::$module::$rule(store).await;
                });
            }
        )*
    };
}

/// One `#[test]` for each rule about a store that is opened again.
///
/// Takes an expression that may `.await` and gives a pair: an async closure that opens one and the same store (the
/// one that it opened before is dropped by then), empty at the first time; and whatever must live as long as the
/// closure.
#[macro_export]
macro_rules! reopen_tests {
    ($opener:expr) => {
        $crate::reopen_tests! { @rules $opener;
            clients_outlive_the_store
            rule_r10_epochs_go_on
            keys_outlive_the_store
            revocations_outlive_the_store
            rule_n1_change_feed_goes_on
            rule_o3_deployment_mark_outlives_the_store
        }
    };
    (@rules $opener:expr; $($rule:ident)*) => {
        $(
            #[test]
            fn $rule() {
                $crate::contract::run(async {
                    let (open, _guard) = $opener;
                    $crate::contract::reopen::$rule(open).await;
                });
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_is_in_its_macro() {
        let macros = include_str!("mod.rs");
        let modules = [
            ("changes", include_str!("changes.rs")),
            ("clients", include_str!("clients.rs")),
            ("keys", include_str!("keys.rs")),
            ("maintenance", include_str!("maintenance.rs")),
            ("reopen", include_str!("reopen.rs")),
            ("tokens", include_str!("tokens.rs")),
        ];
        for (module, source) in modules {
            for rule in source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn "))
            {
                let rule = rule.split(['(', '<']).next().unwrap_or_default();
                let entry = match module {
                    "reopen" => format!("            {rule}\n"),
                    _ => format!("{module}::{rule}"),
                };
                assert!(macros.contains(&entry), "{module}::{rule} is never run");
            }
        }
    }
}
