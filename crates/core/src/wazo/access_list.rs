//! What a token of the wazo dialect gives access to: patterns over words that are parted by dots.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::checked_text;

/// A pattern that gives access, or takes it away if it begins with `!`.
///
/// `*` stands for any run of characters without `.` and `#`, and `#` for any run at all; both may be empty. Three words of
/// a pattern mean more than themselves: `me` also the user, `my_session` also the session, `edit` also `update`. All else
/// is literal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessPattern(Box<str>);

checked_text!(AccessPattern, AccessPatternError);

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "an access pattern has 1 to {max} bytes, no white space or quotation marks, at most {words} words, and at most {runs} of * and #",
    max = AccessPattern::MAX_LEN,
    words = AccessPattern::MAX_WORDS,
    runs = AccessPattern::MAX_RUNS
)]
pub struct AccessPatternError;

impl AccessPattern {
    /// The most bytes of a pattern.
    pub const MAX_LEN: usize = 1_024;

    /// The most words of a pattern.
    pub const MAX_WORDS: usize = 32;

    /// The most `*` and `#` of a pattern. What it costs to compare a text with it grows with the number of both.
    pub const MAX_RUNS: usize = 8;

    /// The pattern without its `!`, and whether it had none.
    fn sign(&self) -> (bool, &str) {
        match self.0.strip_prefix('!') {
            Some(denied) => (false, denied),
            None => (true, &self.0),
        }
    }
}

impl FromStr for AccessPattern {
    type Err = AccessPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        let runs = text.matches(['*', '#']).count();
        let is_odd = |it: char| it.is_control() || it.is_whitespace() || it == '"';
        let words = text.split('.').count();
        let is_cheap = runs <= Self::MAX_RUNS && words <= Self::MAX_WORDS;
        if fits && is_cheap && text != "!" && !text.chars().any(is_odd) {
            Ok(Self(text.into()))
        } else {
            Err(AccessPatternError)
        }
    }
}

/// Whose token it is: what the words `me` and `my_session` stand for.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<'a> {
    /// The id of the user.
    pub user: &'a str,
    /// The id of the session.
    pub session: &'a str,
}

/// Everything that a token gives access to.
///
/// ```
/// use countersign_core::wazo::{AccessList, Bearer};
///
/// let list: AccessList = ["auth.users.me.#", "!auth.users.me.password.#"].iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
/// let bearer = Bearer { user: "123", session: "456" };
/// assert!(list.allows("auth.users.123.tokens.read", bearer));
/// assert!(!list.allows("auth.users.124.tokens.read", bearer));
/// assert!(!list.allows("auth.users.123.password.update", bearer));
/// # Ok::<(), countersign_core::wazo::AccessPatternError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<AccessPattern>", into = "Vec<AccessPattern>")]
pub struct AccessList(Vec<AccessPattern>);

/// Why there is no such list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "an access list has at most {max} patterns of together {bytes} bytes",
    max = AccessList::MAX_PATTERNS,
    bytes = AccessList::MAX_BYTES
)]
pub struct AccessListError;

impl TryFrom<Vec<AccessPattern>> for AccessList {
    type Error = AccessListError;

    fn try_from(patterns: Vec<AccessPattern>) -> Result<Self, Self::Error> {
        let list: Self = patterns.into_iter().collect();
        list.check()?;
        Ok(list)
    }
}

impl From<AccessList> for Vec<AccessPattern> {
    fn from(list: AccessList) -> Self {
        list.0
    }
}

impl FromIterator<AccessPattern> for AccessList {
    /// Collects patterns; a repeated one counts once.
    fn from_iter<I: IntoIterator<Item = AccessPattern>>(patterns: I) -> Self {
        let mut list = Self::default();
        for pattern in patterns {
            if !list.0.contains(&pattern) {
                list.0.push(pattern);
            }
        }
        list
    }
}

impl<'list> IntoIterator for &'list AccessList {
    type Item = &'list AccessPattern;
    type IntoIter = std::slice::Iter<'list, AccessPattern>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl AccessList {
    /// The most patterns that a policy, or a token, may have.
    pub const MAX_PATTERNS: usize = 1_024;

    /// The most bytes that they may have together.
    pub const MAX_BYTES: usize = 32 * 1_024;

    /// Checks that the list is not too long.
    pub fn check(&self) -> Result<(), AccessListError> {
        let bytes: usize = self.0.iter().map(|pattern| pattern.0.len()).sum();
        if self.0.len() > Self::MAX_PATTERNS || bytes > Self::MAX_BYTES {
            Err(AccessListError)
        } else {
            Ok(())
        }
    }

    /// The patterns, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, AccessPattern> {
        self.0.iter()
    }

    /// Whether the bearer may have `required`: some pattern gives it, and none takes it away.
    #[must_use]
    pub fn allows(&self, required: &str, bearer: Bearer<'_>) -> bool {
        let mut allowed = false;
        for pattern in &self.0 {
            let (gives, pattern) = pattern.sign();
            if (!gives || !allowed) && matches(pattern, required, bearer) {
                if !gives {
                    return false;
                }
                allowed = true;
            }
        }
        allowed
    }

    /// Whether the bearer may give `pattern` to others: only what it has itself; taking something away is always allowed.
    #[must_use]
    pub fn may_give(&self, pattern: &AccessPattern, bearer: Bearer<'_>) -> bool {
        let (gives, bare) = pattern.sign();
        !gives || self.allows(bare, bearer)
    }

    /// Whether the bearer may take `pattern` out of a policy: only what it has itself, also if the pattern took it away.
    #[must_use]
    pub fn may_withdraw(&self, pattern: &AccessPattern, bearer: Bearer<'_>) -> bool {
        self.allows(pattern.sign().1, bearer)
    }
}

/// Whether the whole of `required` is what `pattern` stands for. Costs no more than the product of their lengths.
fn matches(pattern: &str, required: &str, bearer: Bearer<'_>) -> bool {
    let mut reached = Reached::start(required.as_bytes());
    for (index, word) in pattern.split('.').enumerate() {
        if index > 0 {
            reached.literal(b".");
        }
        match word {
            "me" => reached.either(&["me", bearer.user]),
            "my_session" => reached.either(&["my_session", bearer.session]),
            "edit" => reached.either(&["edit", "update"]),
            word => reached.runs(word),
        }
        if reached.is_nowhere() {
            return false;
        }
    }
    reached.end()
}

/// Up to which places of a text a pattern has come, all at once.
struct Reached<'text> {
    text: &'text [u8],
    places: Vec<bool>,
}

impl<'text> Reached<'text> {
    fn start(text: &'text [u8]) -> Self {
        let mut places = vec![false; text.len() + 1];
        places[0] = true;
        Self { text, places }
    }

    fn end(&self) -> bool {
        self.places[self.text.len()]
    }

    fn is_nowhere(&self) -> bool {
        !self.places.contains(&true)
    }

    fn literal(&mut self, literal: &[u8]) {
        self.places = self.behind(literal);
    }

    fn either(&mut self, words: &[&str]) {
        let mut places = vec![false; self.places.len()];
        for word in words {
            for (place, reached) in places.iter_mut().zip(self.behind(word.as_bytes())) {
                *place |= reached;
            }
        }
        self.places = places;
    }

    /// A word with `*` and `#` in it, or without.
    fn runs(&mut self, word: &str) {
        for piece in word.split_inclusive(['*', '#']) {
            let literal = piece.trim_end_matches(['*', '#']);
            self.literal(literal.as_bytes());
            match &piece[literal.len()..] {
                "*" => self.run(|byte| !matches!(byte, b'.' | b'#')),
                "#" => self.run(|_| true),
                _ => {}
            }
        }
    }

    fn run(&mut self, of: impl Fn(u8) -> bool) {
        for (index, byte) in self.text.iter().enumerate() {
            if self.places[index] && of(*byte) {
                self.places[index + 1] = true;
            }
        }
    }

    fn behind(&self, literal: &[u8]) -> Vec<bool> {
        let mut places = vec![false; self.places.len()];
        for (index, reached) in self.places.iter().enumerate() {
            if *reached && self.text[index..].starts_with(literal) {
                places[index + literal.len()] = true;
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEARER: Bearer<'static> = Bearer {
        user: "123",
        session: "0197a3c2",
    };

    fn list(patterns: &[&str]) -> AccessList {
        patterns.iter().map(|it| it.parse().unwrap()).collect()
    }

    /// What is given; what of that is allowed; what is refused.
    type Row = (
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
    );

    /// The table of the system whose patterns these are, row by row.
    const TABLE: &[Row] = &[
        (
            &["foo.bar.#"],
            &[
                "foo.bar.x",
                "foo.bar.x.y",
                "foo.bar.*",
                "foo.bar.#",
                "foo.bar.",
            ],
            &["foo.bar", "*.bar.x", "#", "foo.barx.y", "xfoo.bar.x"],
        ),
        (
            &["foo.bar.toto"],
            &["foo.bar.toto"],
            &[
                "foo.bar.*",
                "foo.bar.#",
                "foo.bar.toto.x",
                "foo.bar",
                "foo.bar.totos",
            ],
        ),
        (
            &["foo.*.*"],
            &["foo.a.b", "foo.*.*", "foo.*.a", "foo.a.*", "foo.."],
            &["foo.a.b.c", "foo.*", "foo.bar.#", "foo.#.a"],
        ),
        (
            &["foo", "foo.bar.toto", "other.#"],
            &["foo", "foo.bar.toto", "other.a.b", "other."],
            &["foo.bar", "foo.bar.toto.a", "*", "#", "other"],
        ),
        (
            &["foo.bar.#.titi"],
            &[
                "foo.bar.a.titi",
                "foo.bar.a.b.titi",
                "foo.bar.*.titi",
                "foo.bar.#.titi",
                "foo.bar..titi",
            ],
            &["foo.bar.#", "foo.bar.titi", "foo.bar.a.titi.b"],
        ),
        (
            &["foo.#.me"],
            &[
                "foo.a.me",
                "foo.a.123",
                "foo.a.b.me",
                "foo.a.b.123",
                "foo.#.123",
            ],
            &[
                "foo.a.456",
                "foo.a.me.x",
                "foo.a.123.x",
                "foo.me",
                "foo.a.meme",
                "foo.a.1234",
            ],
        ),
        (
            &["foo.#.me.bar"],
            &["foo.a.123.bar", "foo.a.me.bar", "foo.a.b.123.bar"],
            &["foo.a.456.bar", "foo.a.123.bar.x", "foo.a.123"],
        ),
        (&["!foo.me.bar"], &[], &["foo.me.bar", "foo.123.bar", "foo"]),
        (
            &["foo.#", "!foo.me.bar", "foo.me.bar"],
            &["foo.a", "foo.456.bar"],
            &["foo.me.bar", "foo.123.bar"],
        ),
        (
            &["foo.*.bar", "!foo.123.bar"],
            &["foo.me.bar", "foo.456.bar"],
            &["foo.123.bar"],
        ),
        (&["!*.bar", "foo.bar"], &[], &["foo.bar"]),
        (&["foo.bar", "!*.bar"], &[], &["foo.bar"]),
        (
            &["foo.my_session"],
            &["foo.my_session", "foo.0197a3c2"],
            &["foo.0197a3c3", "foo.123", "foo.my_session.x"],
        ),
        (
            &["foo.edit"],
            &["foo.edit", "foo.update"],
            &["foo.delete", "foo.edited"],
        ),
        (&["#"], &["", "a", "a.b", "#", "*"], &[]),
        (&[], &[], &["", "a"]),
    ];

    #[test]
    fn row_4_2_the_whole_table() {
        for (given, allowed, refused) in TABLE {
            for required in *allowed {
                assert!(list(given).allows(required, BEARER), "{given:?} {required}");
            }
            for required in *refused {
                assert!(
                    !list(given).allows(required, BEARER),
                    "{given:?} {required}"
                );
            }
        }
    }

    #[test]
    fn row_4_2_reserved_words_are_whole_words_of_the_pattern_only() {
        assert!(!list(&["foo.mee"]).allows("foo.123e", BEARER));
        assert!(!list(&["foo.me*"]).allows("foo.123", BEARER));
        assert!(
            !list(&["foo.123"]).allows("foo.me", BEARER),
            "asked for, it is a literal"
        );
        assert!(!list(&["foo.update"]).allows("foo.edit", BEARER));
        assert!(
            !list(&["foo.a+b"]).allows("foo.aab", BEARER),
            "nothing else is special"
        );
        assert!(list(&["foo.a+b"]).allows("foo.a+b", BEARER));
    }

    #[test]
    fn row_4_2_nobody_gives_what_he_has_not() {
        let own = list(&["auth.users.#", "!auth.users.*.delete"]);
        let may = |pattern: &str| {
            let pattern = pattern.parse().unwrap();
            (
                own.may_give(&pattern, BEARER),
                own.may_withdraw(&pattern, BEARER),
            )
        };
        assert_eq!(may("auth.users.me.read"), (true, true));
        assert_eq!(may("auth.users.#"), (true, true));
        assert_eq!(may("auth.users.1.delete"), (false, false));
        assert_eq!(may("auth.#"), (false, false));
        assert_eq!(
            may("!auth.#"),
            (true, false),
            "to take away is to give nothing"
        );
        assert_eq!(may("!auth.users.1.read"), (true, true));
    }

    #[test]
    fn a_pattern_that_takes_long_elsewhere_does_not_here() {
        let pattern = format!("{}b", "*a".repeat(AccessPattern::MAX_RUNS));
        assert!(!list(&[&pattern]).allows(&"a".repeat(2_000), BEARER));
        assert!(list(&[&pattern]).allows(&format!("{}b", "a".repeat(2_000)), BEARER));
    }

    #[test]
    fn patterns_that_cannot_be_are_refused() {
        for text in [
            "",
            "!",
            "a\nb",
            "a b",
            "\"a\"",
            &"x".repeat(1_025),
            &"*.#".repeat(5),
            &"a.".repeat(32),
        ] {
            assert_eq!(text.parse::<AccessPattern>(), Err(AccessPatternError));
        }
        let many = (0..=AccessList::MAX_PATTERNS).map(|n| n.to_string().parse().unwrap());
        assert_eq!(
            AccessList::try_from(many.collect::<Vec<_>>()),
            Err(AccessListError)
        );
        let long = (0..35).map(|n| format!("{n:01000}").parse().unwrap());
        assert_eq!(
            AccessList::try_from(long.collect::<Vec<_>>()),
            Err(AccessListError)
        );
    }

    proptest! {
        #[test]
        fn a_literal_allows_itself_and_nothing_else(one in "[a-d.]{1,8}", other in "[a-d.]{1,8}") {
            prop_assert_eq!(list(&[&one]).allows(&other, BEARER), one == other);
        }

        #[test]
        fn whatever_is_taken_away_is_away(patterns in proptest::collection::vec("[ab.*#]{1,6}", 1..6), required in "[ab.]{0,6}") {
            let mut with: Vec<String> = patterns.clone();
            with.push(format!("!{required}#"));
            let with: Vec<&str> = with.iter().map(String::as_str).collect();
            prop_assert!(!list(&with).allows(&required, BEARER));
        }
    }
}
