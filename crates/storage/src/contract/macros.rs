//! The macros that make tests of the rules.

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
            clients::updated_client_is_found_with_every_field
            clients::stale_client_update_changes_nothing
            clients::race_of_client_updates_has_one_winner
            users::created_user_is_found_with_every_field
            users::username_is_taken_once
            users::reused_user_id_is_refused
            users::removed_user_is_gone
            users::list_users_pages_in_order
            users::users_are_found_by_their_address
            users::users_of_one_address_are_told_up_to_a_limit
            users::updated_user_is_found_with_every_field
            users::stale_user_update_changes_nothing
            users::renamed_user_frees_its_name
            users::race_for_one_username_has_one_winner
            users::race_for_one_new_name_has_one_winner
            users::race_of_user_updates_has_one_winner
            users::race_of_user_removals_has_one_winner
            sessions::created_session_is_found_with_every_field
            sessions::rule_a1_session_of_a_user_who_ended_is_refused
            sessions::reused_session_id_is_refused
            sessions::new_session_replaces_the_one_before
            sessions::limit_ends_the_oldest_sessions_of_the_user
            sessions::limit_never_ends_the_new_session
            sessions::race_of_new_sessions_keeps_the_limit
            sessions::rule_a4_session_raced_with_the_end_never_lives
            sessions::ended_session_is_gone
            sessions::race_of_session_ends_has_one_winner
            sessions::rule_a2_session_ends_with_its_user
            sessions::list_sessions_filters_and_pages_in_order
            renewal::renewed_session_goes_on_under_its_new_secret
            renewal::race_of_renewals_has_one_winner
            renewal::renewal_of_what_is_not_as_seen_changes_nothing
            renewal::use_of_a_session_moves_forward_only
            consents::remembered_consent_is_found_with_every_field
            consents::later_consent_is_added_to_the_earlier_one
            consents::consent_that_would_be_too_large_keeps_only_the_new
            consents::race_of_consents_remembers_all
            consents::rule_r10_consent_goes_with_its_user_and_its_client
            consents::rule_r10_consent_of_what_is_gone_is_not_kept
            consents::forgotten_consent_is_gone
            consents::list_consents_pages_in_order
            identity::rule_a6_client_id_that_is_a_subject_is_refused
            identity::rule_a6_subject_that_is_a_client_id_is_refused
            identity::rule_a6_race_for_one_subject_has_one_winner
            identity::rule_a1_clients_and_users_never_share_an_epoch
            identity::rule_a1_race_of_draws_has_different_epochs
            identity::rule_a1_new_epoch_of_a_client_ends_what_was_issued
            identity::rule_a1_new_epoch_of_a_user_ends_what_was_issued
            identity::disabled_user_has_no_live_grants_until_enabled
            identity::rule_a1_end_everything_ends_everything
            identity::rule_r10_new_entity_of_an_old_name_revives_nothing
            identity::rule_r4_restore_passes_over_the_lost_epochs
            grants::created_grant_is_found_with_every_field
            grants::rule_r10_grant_of_what_ended_is_refused
            grants::rule_r10_no_grant_after_the_end
            grants::reused_grant_id_is_refused
            grants::rule_r10_limit_ends_the_oldest_of_the_pair
            grants::rule_r10_limit_never_ends_the_new_grant
            grants::rule_r10_limit_counts_dead_grants
            grants::rule_r10_race_of_creations_keeps_the_limit
            grants::rule_a4_grant_raced_with_the_end_never_lives
            grants::ended_grant_is_gone
            grants::race_of_grant_ends_has_one_winner
            grants::list_grants_filters_and_pages_in_order
            standing_grants::created_standing_grant_is_found_with_every_field
            standing_grants::rule_d3_standing_grant_is_found_by_its_scope
            standing_grants::rule_d3_standing_grant_is_replaced_if_it_was_seen
            standing_grants::rule_d3_race_for_one_standing_grant_has_one_winner
            standing_grants::rule_r10_standing_grant_of_what_ended_is_refused
            standing_grants::reused_standing_grant_id_is_refused
            standing_grants::standing_grant_has_a_verb_of_its_own
            standing_grants::rule_r10_limit_ends_the_oldest_standing_grants
            standing_grants::rule_r10_race_of_standing_grants_keeps_the_limit
            standing_grants::list_grants_shows_standing_grants_of_no_user
            standing_liveness::rule_a4_standing_grant_raced_with_the_end_never_lives
            standing_liveness::rule_a2_standing_grant_ends_with_its_client
            standing_liveness::rule_r5_standing_grant_is_refreshed_as_seen
            session_grants::rule_r11_grant_ends_with_its_session
            session_grants::rule_r11_other_grants_outlive_the_session
            session_grants::rule_r11_session_is_told_for_what_it_is
            codes::rule_c1_redeemed_code_is_found_with_every_field
            codes::rule_c1_race_of_redemptions_has_one_winner
            codes::rule_c2_second_redemption_changes_nothing
            codes::rule_c1_code_that_is_not_as_seen_is_not_redeemed
            codes::rule_c1_code_after_the_end_is_not_redeemed
            codes::rule_c1_race_of_redemptions_with_the_end
            codes::rule_c3_unredeemed_codes_of_a_session_are_capped
            codes::rule_c3_cap_never_ends_the_new_code
            codes::rule_c3_cap_comes_before_the_limit_of_the_client
            codes::rule_c3_race_of_codes_keeps_the_cap
            refresh::rule_r5_rotation_makes_the_next_one_current
            refresh::rule_r5_race_of_rotations_has_one_winner
            refresh::rule_r5_same_attempt_wins_again
            refresh::rule_r5_race_of_one_attempt_is_won_by_all
            refresh::rule_r5_what_was_not_seen_is_not_changed
            refresh::rule_r5_refresh_after_the_end_changes_nothing
            refresh::rule_r5_epochs_must_be_as_seen
            refresh::rule_r5_race_of_rotations_with_the_end
            refresh::rule_r2_retry_is_noted_once
            refresh::rule_r2_a_rotation_beside_a_retry_does_not_pass_over_it
            refresh::rule_r9_use_drops_the_token_before
            refresh::rule_r11_last_generation_is_stored_faithfully
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
            tokens::rule_a2_token_ends_with_what_it_stands_on
            tokens::rule_a2_token_of_a_grant_that_is_not_its_own_is_dead
            tokens::rule_a2_widest_end_is_told_first
            assertions::rule_n3_jti_is_taken_once
            assertions::rule_n3_ids_do_not_meet
            assertions::rule_n3_jti_is_remembered_until_its_end
            assertions::rule_n3_replay_puts_no_end_off
            assertions::rule_n3_race_of_replays_has_one_winner
            assertions::rule_n3_race_of_two_ids_has_one_winner_each
            assertions::rule_n3_race_of_replays_and_sweeps_has_one_winner
            assertions::rule_n3_sweep_forgets_only_what_is_over
            wazo_sessions::wazo_session_is_found_with_every_field
            wazo_sessions::rule_a1_wazo_session_of_what_ended_is_refused
            wazo_sessions::reused_wazo_session_id_is_refused
            wazo_sessions::limit_refuses_a_further_wazo_session
            wazo_sessions::race_of_log_ins_keeps_the_limit
            wazo_sessions::list_wazo_sessions_filters_and_pages_in_order
            wazo_session_ends::rule_a4_log_in_raced_with_the_end_never_lives
            wazo_session_ends::rule_a2_wazo_session_ends_with_what_it_stands_on
            wazo_session_ends::ended_wazo_session_is_gone
            wazo_session_ends::race_of_wazo_session_ends_has_one_winner
            wazo_refresh_tokens::wazo_refresh_token_is_found_with_every_field
            wazo_refresh_tokens::rule_d2_program_keeps_its_refresh_token
            wazo_refresh_tokens::refused_log_in_leaves_no_refresh_token
            wazo_refresh_tokens::rule_d2_race_for_one_refresh_token_is_won_by_all
            wazo_refresh_tokens::rule_a4_dead_refresh_token_makes_room
            wazo_refresh_tokens::rule_r10_limit_refuses_a_further_wazo_refresh_token
            wazo_refresh_tokens::rule_r10_race_for_refresh_tokens_keeps_the_limit
            wazo_refresh_tokens::log_in_with_a_refresh_token_needs_it
            wazo_refresh_tokens::list_wazo_refresh_tokens_filters_and_pages_in_order
            wazo_refresh_token_ends::rule_d2_ended_refresh_token_takes_its_sessions
            wazo_refresh_token_ends::race_of_refresh_token_ends_has_one_winner
            wazo_refresh_token_ends::rule_a4_log_in_raced_with_the_end_of_its_refresh_token
            wazo_refresh_token_ends::rule_a2_wazo_refresh_token_ends_with_what_it_stands_on
            policies::created_policy_is_found_with_every_field
            policies::policy_name_and_slug_are_taken_once
            policies::updated_policy_is_found_with_every_field
            policies::refused_policy_update_changes_nothing
            policies::removed_policy_is_gone
            policies::list_policies_pages_in_order
            policies::policy_is_given_and_taken_once
            policies::rule_r10_policies_go_with_their_user
            policies::race_for_one_policy_name_has_one_winner
            policies::race_of_policy_updates_has_one_winner
            policies::race_of_assignments_has_one_winner
            registry::registry_begins_empty
            registry::definitions_are_found_with_every_field
            registry::later_definition_replaces_the_earlier_one
            registry::forgotten_definitions_are_gone
            registry::race_of_definitions_has_one_first
            throttle::rule_s5_failures_are_counted_of_each_subject
            throttle::rule_s5_window_ends_and_begins_anew
            throttle::rule_s5_forgiven_failures_are_forgotten
            throttle::rule_s5_race_of_failures_counts_every_one
            changes::head_of_an_empty_store_has_no_changes
            changes::cursor_can_be_used_again
            changes::rule_n1_unknown_cursor_means_rebuild
            changes::rule_n1_old_cursor_means_rebuild
            changes::rule_n1_changes_swept_out_of_order_are_not_lost
            changes::rule_n1_sweep_beside_a_poll_hides_nothing
            changes::rule_n1_too_many_changes_mean_rebuild
            changes::rule_n1_what_is_visible_is_logged
            changes::rule_n1_polling_passes_over_nothing
            log::rule_n1_every_change_of_a_client_is_logged
            log::rule_n1_end_of_everything_is_logged_for_each_client
            log::rule_n1_every_change_of_a_user_is_logged
            log::rule_n1_every_change_of_a_setting_is_logged
            log::rule_n1_changes_are_logged_at_their_time
            log::rule_n1_refused_verbs_log_nothing
            log::rule_n2_what_is_read_and_not_cached_logs_nothing
            log::rule_n2_the_wazo_dialect_logs_nothing
            maintenance::ping_answers
            maintenance::sweep_is_bounded
            maintenance::sweep_removes_only_what_expired
            maintenance::sweep_keeps_recent_changes
            maintenance::race_of_sweeps_removes_each_row_once
            maintenance::rule_o3_first_deployment_mark_stays
            maintenance::rule_o3_race_of_marks_has_one_winner
            sweep::rule_r11_sweep_keeps_a_grant_for_its_last_token
            sweep::rule_r11_sweep_keeps_a_grant_that_was_used
            sweep::sweep_removes_dead_grants
            sweep::sweep_removes_sessions_at_their_end
            sweep::sweep_removes_wazo_sessions_at_their_end
            sweep::sweep_of_wazo_sessions_is_bounded
            sweep::rule_c3_sweep_keeps_a_grant_whose_code_was_redeemed
            sweep::rule_s5_sweep_keeps_recent_failures
            sweep::sweep_is_bounded_over_all_kinds
            sweep::race_of_sweeps_and_uses_loses_no_grant
            sweep::every_kind_of_grant_is_swept_at_its_end
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
            updates_outlive_the_store
            users_outlive_the_store
            sessions_outlive_the_store
            consents_outlive_the_store
            grants_outlive_the_store
            standing_grants_outlive_the_store
            wazo_logins_outlive_the_store
            policies_outlive_the_store
            rule_c1_redemptions_outlive_the_store
            definitions_outlive_the_store
            rule_s5_failures_outlive_the_store
            rule_r4_declared_restore_outlives_the_store
            rule_r10_epochs_go_on
            keys_outlive_the_store
            revocations_outlive_the_store
            rule_n3_assertions_outlive_the_store
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
    /// The rules about a store that is opened again must hold for one that was never closed.
    mod never_closed {
        use std::sync::Arc;

        use crate::{MemoryStore, Store};

        crate::reopen_tests!({
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            (async move || Arc::clone(&store), ())
        });
    }

    #[test]
    fn every_rule_is_in_its_macro() {
        let macros = include_str!("macros.rs");
        let modules = [
            ("assertions", include_str!("assertions.rs")),
            ("changes", include_str!("changes.rs")),
            ("clients", include_str!("clients.rs")),
            ("codes", include_str!("codes.rs")),
            ("consents", include_str!("consents.rs")),
            ("grants", include_str!("grants.rs")),
            ("identity", include_str!("identity.rs")),
            ("keys", include_str!("keys.rs")),
            ("log", include_str!("log.rs")),
            ("maintenance", include_str!("maintenance.rs")),
            ("policies", include_str!("policies.rs")),
            ("refresh", include_str!("refresh.rs")),
            ("registry", include_str!("registry.rs")),
            ("renewal", include_str!("renewal.rs")),
            ("reopen", include_str!("reopen.rs")),
            ("session_grants", include_str!("session_grants.rs")),
            ("sessions", include_str!("sessions.rs")),
            ("standing_grants", include_str!("standing_grants.rs")),
            ("standing_liveness", include_str!("standing_liveness.rs")),
            ("sweep", include_str!("sweep.rs")),
            ("throttle", include_str!("throttle.rs")),
            ("tokens", include_str!("tokens.rs")),
            ("users", include_str!("users.rs")),
            (
                "wazo_refresh_token_ends",
                include_str!("wazo_refresh_token_ends.rs"),
            ),
            (
                "wazo_refresh_tokens",
                include_str!("wazo_refresh_tokens.rs"),
            ),
            ("wazo_session_ends", include_str!("wazo_session_ends.rs")),
            ("wazo_sessions", include_str!("wazo_sessions.rs")),
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
