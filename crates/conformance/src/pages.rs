//! How the pages of a target are worked: which fields are filled in, and which buttons are pressed.

use serde::Deserialize;

/// The names and values of fields and buttons, as the HTML of the target has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pages {
    pub(crate) username_field: String,
    pub(crate) password_field: String,
    pub(crate) consent_field: String,
    pub(crate) allow: String,
    pub(crate) deny: String,
    pub(crate) account_field: String,
    pub(crate) current_account: String,
    pub(crate) other_account: String,
    pub(crate) sign_out_field: String,
    pub(crate) sign_out: String,
    pub(crate) stay: String,
}

impl Default for Pages {
    fn default() -> Self {
        let owned = str::to_owned;
        Self {
            username_field: owned("username"),
            password_field: owned("password"),
            consent_field: owned("decision"),
            allow: owned("allow"),
            deny: owned("deny"),
            account_field: owned("account"),
            current_account: owned("current"),
            other_account: owned("other"),
            sign_out_field: owned("decision"),
            sign_out: owned("sign_out"),
            stay: owned("stay"),
        }
    }
}
