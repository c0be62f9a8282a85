//! Texts in ASCII, as that system writes them in refusals.

/// What the letters from U+00C0 to U+00FF are without their marks.
const LATIN_1: [&str; 64] = [
    "A", "A", "A", "A", "A", "A", "AE", "C", "E", "E", "E", "E", "I", "I", "I", "I", //
    "D", "N", "O", "O", "O", "O", "O", "x", "O", "U", "U", "U", "U", "Y", "Th", "ss", //
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", //
    "d", "n", "o", "o", "o", "o", "o", "/", "o", "u", "u", "u", "u", "y", "th", "y",
];

/// A text in printable ASCII: letters of western languages without their marks, and nothing of what has no such letter.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars() {
        let place = u32::from(letter).checked_sub(0xc0);
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| LATIN_1.get(place)) {
            Some(bare) => folded.push_str(bare),
            None if letter.is_ascii() && !letter.is_ascii_control() => folded.push(letter),
            None => {}
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_4_1_a_scope_is_told_in_ascii() {
        for (text, expected) in [
            ("auth.users.me.#", "auth.users.me.#"),
            ("foo.\u{e9}t\u{e9}.\u{dc}ber", "foo.ete.Uber"),
            ("\u{c0}\u{df}\u{f7}\u{ff}", "Ass/y"),
            ("a\u{a0}b\u{65e5}\u{0}\n\"c", "ab\"c"),
        ] {
            assert_eq!(folded(text), expected);
        }
    }
}
