//! What a presented refresh token is, compared with the row of its grant (DESIGN §3, RULES R2, R4): a pure rule.

use countersign_core::{CurrentRefresh, Generation, Timestamp};
use countersign_jose::refresh_token::{RefreshToken, Tag};
use countersign_storage::RestoreGap;
use subtle::ConstantTimeEq as _;

/// How many generations in a row may need a retry before it is taken for reuse (RULES R2: "the third in a row").
const RETRIES_IN_A_ROW: u32 = 2;

/// By how many seconds the clock of another node, which rotated, may be ahead of this one (RULES R2).
const CLOCKS_APART: i64 = 5;

/// What a presented refresh token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The current one.
    Current,
    /// The one just before, whose answer may have been lost: the successor is told again, as the `in_a_row`th
    /// generation to need it.
    Retry {
        /// How many generations in a row needed a retry, with this one.
        in_a_row: u32,
    },
    /// Used again: it, or what followed it, is in wrong hands.
    Reused,
    /// Newer than what is stored, from the time that a declared restore has lost: as good as the current one.
    Recovered,
    /// Newer than what is stored, and nobody has declared why.
    NewerThanStored,
}

/// Judges `presented`, whose MAC was good and had the tag `tag`, by the `stored` state of its grant.
///
/// `window` is in seconds, 0 for never; `gap` is what a declared restore has lost.
pub(super) fn judge(
    presented: &RefreshToken,
    tag: &Tag,
    stored: &CurrentRefresh,
    window: u32,
    gap: Option<RestoreGap>,
    now: Timestamp,
) -> Judgement {
    let generation = Generation::from_number(presented.generation);
    if generation > stored.generation {
        return match gap {
            Some(gap) if gap.holds(presented.issued_at) => {
                // A grant that went on since is not behind any more: two hold its tokens.
                if stored.used_at > gap.declared_at {
                    Judgement::Reused
                } else {
                    Judgement::Recovered
                }
            }
            _ => Judgement::NewerThanStored,
        };
    }
    if generation == stored.generation {
        // RULES R1: "Current" needs the nonce to match, not only the generation; R4: with another nonce it is reuse.
        return if bool::from(presented.nonce.ct_eq(&stored.nonce)) {
            Judgement::Current
        } else {
            Judgement::Reused
        };
    }
    let is_previous = generation.next() == Ok(stored.generation)
        && stored
            .previous_tag
            .is_some_and(|previous| tag.prefix().ct_eq(&previous).into());
    // RULES R2: -5 s <= elapsed < window.
    let elapsed = now.since(stored.used_at);
    let in_time = window > 0 && (-CLOCKS_APART..i64::from(window)).contains(&elapsed);
    let in_a_row = if stored.retried {
        stored.retried_in_a_row
    } else {
        stored.retried_in_a_row.saturating_add(1)
    };
    if is_previous && in_time && in_a_row <= RETRIES_IN_A_ROW {
        Judgement::Retry { in_a_row }
    } else {
        Judgement::Reused
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{GrantId, KeyId, Secret};
    use countersign_jose::refresh_token::{self, RefreshTokenKey};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn token(generation: u32, nonce: u8, issued_at: Timestamp) -> RefreshToken {
        RefreshToken {
            grant: GrantId::from_bytes([1; 16]),
            generation,
            issued_at,
            nonce: [nonce; 16],
        }
    }

    fn tag(token: &RefreshToken) -> Tag {
        let id: KeyId = "AAECAwQFBgcICQoL".parse().unwrap();
        let key = RefreshTokenKey::new(id, Secret::new([7; 32]), "https://as.example").unwrap();
        refresh_token::write(&key, token).1
    }

    /// A grant whose generation 5 has the nonce 5, and whose generation 4 had the nonce 4.
    fn stored() -> CurrentRefresh {
        CurrentRefresh {
            generation: Generation::from_number(5),
            nonce: [5; 16],
            key: "AAECAwQFBgcICQoL".parse().unwrap(),
            used_at: NOW,
            previous_tag: Some(tag(&token(4, 4, NOW.plus(-100))).prefix()),
            retried_in_a_row: 0,
            retried: false,
        }
    }

    fn judged(presented: &RefreshToken, stored: &CurrentRefresh, now: Timestamp) -> Judgement {
        judge(presented, &tag(presented), stored, 30, None, now)
    }

    #[test]
    fn rule_r1_current_needs_the_generation_and_the_nonce() {
        let issued = NOW.plus(-100);
        for (generation, nonce, expected) in [
            (5, 5, Judgement::Current),
            (5, 6, Judgement::Reused),
            (4, 4, Judgement::Retry { in_a_row: 1 }),
            // The tag of another nonce is not the previous one.
            (4, 9, Judgement::Reused),
            (3, 3, Judgement::Reused),
            (0, 5, Judgement::Reused),
            (6, 5, Judgement::NewerThanStored),
            (u32::MAX, 5, Judgement::NewerThanStored),
        ] {
            let presented = token(generation, nonce, issued);
            let judgement = judged(&presented, &stored(), NOW.plus(1));
            assert_eq!(judgement, expected, "{generation} {nonce}");
        }
    }

    #[test]
    fn rule_r2_a_retry_is_taken_within_the_window_only() {
        let presented = token(4, 4, NOW.plus(-100));
        let retry = Judgement::Retry { in_a_row: 1 };
        for (elapsed, expected) in [
            (-6, Judgement::Reused),
            (-5, retry),
            (0, retry),
            (29, retry),
            (30, Judgement::Reused),
            (3_000, Judgement::Reused),
        ] {
            assert_eq!(
                judged(&presented, &stored(), NOW.plus(elapsed)),
                expected,
                "{elapsed}"
            );
        }
        let strict = judge(&presented, &tag(&presented), &stored(), 0, None, NOW);
        assert_eq!(strict, Judgement::Reused, "0 switches it off");
        let touched = CurrentRefresh {
            previous_tag: None,
            ..stored()
        };
        assert_eq!(judged(&presented, &touched, NOW), Judgement::Reused);
    }

    #[test]
    fn rule_r2_the_third_generation_in_a_row_that_needs_a_retry_is_reuse() {
        let presented = token(4, 4, NOW.plus(-100));
        for (retried_in_a_row, retried, expected) in [
            (0, false, Judgement::Retry { in_a_row: 1 }),
            (1, true, Judgement::Retry { in_a_row: 1 }),
            (1, false, Judgement::Retry { in_a_row: 2 }),
            (2, true, Judgement::Retry { in_a_row: 2 }),
            (2, false, Judgement::Reused),
            (u32::MAX, false, Judgement::Reused),
        ] {
            let stored = CurrentRefresh {
                retried_in_a_row,
                retried,
                ..stored()
            };
            assert_eq!(judged(&presented, &stored, NOW), expected, "{stored:?}");
        }
    }

    #[test]
    fn rule_r4_a_token_of_the_declared_gap_is_taken() {
        let gap = RestoreGap {
            restored_to: NOW.plus(-1_000),
            declared_at: NOW,
        };
        for (issued_at, expected) in [
            (NOW.plus(-1_001), Judgement::NewerThanStored),
            (NOW.plus(-1_000), Judgement::Recovered),
            (NOW, Judgement::Recovered),
            (NOW.plus(1), Judgement::NewerThanStored),
        ] {
            let presented = token(9, 9, issued_at);
            let judgement = judge(&presented, &tag(&presented), &stored(), 30, Some(gap), NOW);
            assert_eq!(judgement, expected, "{issued_at}");
        }
        let went_on = CurrentRefresh {
            used_at: NOW.plus(1),
            ..stored()
        };
        let presented = token(9, 9, NOW.plus(-5));
        let judgement = judge(
            &presented,
            &tag(&presented),
            &went_on,
            30,
            Some(gap),
            NOW.plus(2),
        );
        assert_eq!(
            judgement,
            Judgement::Reused,
            "a leaked key forges nothing here either"
        );
    }
}
