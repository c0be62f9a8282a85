//! The keyboard of the browser.

use serde_json::{Value, json};

use super::Chromium;

/// A key that is pressed for what it does. Its code is that of the standard ("Keyboard Actions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// On to the next element.
    Tab,
    /// Sends a form, or presses a button.
    Enter,
    /// Presses a button.
    Space,
}

impl Key {
    const fn code(self) -> char {
        match self {
            Self::Tab => '\u{e004}',
            Self::Enter => '\u{e007}',
            Self::Space => ' ',
        }
    }
}

impl Chromium {
    /// Presses one key, wherever the focus is.
    pub fn press(&self, key: Key) {
        self.hit(&[key.code()]);
    }

    /// Types a text, wherever the focus is.
    pub fn write(&self, text: &str) {
        let keys: Vec<char> = text.chars().collect();
        self.hit(&keys);
    }

    fn hit(&self, keys: &[char]) {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }
}
