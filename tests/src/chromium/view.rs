//! How the browser shows a page.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Chromium, text};

/// How a page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Pixels of CSS.
    pub width: u32,
    /// Pixels of CSS.
    pub height: u32,
    /// Whether the user likes it dark.
    pub dark: bool,
}

impl View {
    /// A screen on a desk.
    pub const WIDE: Self = Self {
        width: 1280,
        height: 800,
        dark: false,
    };
    /// The smallest screen that pages have to fit (WCAG 2.2, success criterion 1.4.10).
    pub const NARROW: Self = Self {
        width: 320,
        height: 568,
        dark: false,
    };

    /// The same for a user who likes it dark.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Chromium {
    /// Looks at pages in this way, from now on.
    pub fn view(&self, view: View) {
        let size = json!({
            "width": view.width,
            "height": view.height,
            "deviceScaleFactor": 1,
            // A small screen is that of a telephone, which looks at `meta name=viewport`.
            "mobile": view.width < View::WIDE.width,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if view.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": features }),
        );
    }

    /// Writes a picture of the whole page that is shown (PNG).
    pub fn picture(&self, file: &Path) {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.devtools("Page.captureScreenshot", &parameters);
        let picture = STANDARD.decode(text(&taken["data"])).expect("base64");
        fs::write(file, picture).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
