//! Which token opens which door, as the page on security has it.

use std::fmt::Write as _;

/// The page that operators read.
const PAGE: &str = include_str!("../../../../../docs/security.md");

/// A token, and the client that it was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Jwt,
    Opaque,
    Refresh,
    Code,
    IdToken,
    ClassicOfUser,
    ClassicOfClient,
    ClassicRefresh,
    MoovAccess,
    MoovRefresh,
    WazoToken,
    WazoRefresh,
    Nothing,
}

/// Where a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Introspect,
    Revoke,
    Refresh,
    Redeem,
    Userinfo,
    BearerOfIntrospection,
    MoovRefresh,
    MoovRevoke,
    ClassicRefresh,
    ClassicRedeem,
    ClassicIntrospect,
    ClassicRevoke,
    BearerOfClassicIntrospection,
    WazoAdministration,
    WazoLook,
    WazoCheck,
    WazoCheckScopes,
    WazoDelete,
    WazoRefresh,
}

pub(super) const KINDS: [Kind; 13] = [
    Kind::Jwt,
    Kind::Opaque,
    Kind::Refresh,
    Kind::Code,
    Kind::IdToken,
    Kind::ClassicOfUser,
    Kind::ClassicOfClient,
    Kind::ClassicRefresh,
    Kind::MoovAccess,
    Kind::MoovRefresh,
    Kind::WazoToken,
    Kind::WazoRefresh,
    Kind::Nothing,
];

pub(super) const DOORS: [Door; 19] = [
    Door::Introspect,
    Door::Revoke,
    Door::Refresh,
    Door::Redeem,
    Door::Userinfo,
    Door::BearerOfIntrospection,
    Door::MoovRefresh,
    Door::MoovRevoke,
    Door::ClassicRefresh,
    Door::ClassicRedeem,
    Door::ClassicIntrospect,
    Door::ClassicRevoke,
    Door::BearerOfClassicIntrospection,
    Door::WazoAdministration,
    Door::WazoLook,
    Door::WazoCheck,
    Door::WazoCheckScopes,
    Door::WazoDelete,
    Door::WazoRefresh,
];

/// The doors that take a kind; every other refuses it. The page on security says the same.
pub(super) fn documented(kind: Kind) -> &'static [Door] {
    use Door::*;
    match kind {
        Kind::Jwt | Kind::Opaque => &[
            Introspect,
            Revoke,
            Userinfo,
            BearerOfIntrospection,
            MoovRevoke,
            ClassicIntrospect,
            ClassicRevoke,
            BearerOfClassicIntrospection,
        ],
        // A refresh token is good wherever its client comes to a token endpoint.
        Kind::Refresh | Kind::ClassicRefresh | Kind::MoovRefresh => &[
            Introspect,
            Revoke,
            Refresh,
            MoovRefresh,
            MoovRevoke,
            ClassicRefresh,
            ClassicIntrospect,
            ClassicRevoke,
        ],
        Kind::Code => &[Redeem, ClassicRedeem],
        // RULES D1: "accepted only at introspection and revocation there".
        Kind::ClassicOfUser | Kind::ClassicOfClient => &[ClassicIntrospect, ClassicRevoke],
        // Without a user there is nothing to tell at userinfo.
        Kind::MoovAccess => &[
            Introspect,
            Revoke,
            BearerOfIntrospection,
            MoovRevoke,
            ClassicIntrospect,
            ClassicRevoke,
            BearerOfClassicIntrospection,
        ],
        // RULES D2: "No standard endpoint accepts either".
        Kind::WazoToken => &[
            WazoAdministration,
            WazoLook,
            WazoCheck,
            WazoCheckScopes,
            WazoDelete,
        ],
        Kind::WazoRefresh => &[WazoRefresh],
        Kind::IdToken | Kind::Nothing => &[],
    }
}

/// The columns of the table, each with the kinds that it speaks of.
const COLUMNS: [(&str, &[Kind]); 9] = [
    ("access token of a user", &[Kind::Jwt, Kind::Opaque]),
    ("access token of a client", &[Kind::MoovAccess]),
    (
        "refresh token",
        &[Kind::Refresh, Kind::ClassicRefresh, Kind::MoovRefresh],
    ),
    ("code", &[Kind::Code]),
    ("ID token", &[Kind::IdToken]),
    (
        "classic access token",
        &[Kind::ClassicOfUser, Kind::ClassicOfClient],
    ),
    ("wazo token", &[Kind::WazoToken]),
    ("wazo refresh token", &[Kind::WazoRefresh]),
    ("any other text", &[Kind::Nothing]),
];

/// What the page calls a door.
const fn name(door: Door) -> &'static str {
    match door {
        Door::Introspect => "told of at `/oauth2/introspect`",
        Door::Revoke => "revoked at `/oauth2/revoke`",
        Door::Refresh => "refreshed at `/oauth2/token`",
        Door::Redeem => "redeemed at `/oauth2/token`",
        Door::Userinfo => "`/userinfo`, with the scope `openid`",
        Door::BearerOfIntrospection => "opens `/oauth2/introspect`, with the scope `introspect`",
        Door::MoovRefresh => "refreshed at `/oauth2/token` in JSON",
        Door::MoovRevoke => "revoked at `/oauth2/revoke` in JSON",
        Door::ClassicRefresh => "refreshed at `/token`",
        Door::ClassicRedeem => "redeemed at `/token`",
        Door::ClassicIntrospect => "told of at `/token/introspect`",
        Door::ClassicRevoke => "revoked at `/token/revoke`",
        Door::BearerOfClassicIntrospection => {
            "opens `/token/introspect`, with the scope `introspect`"
        }
        Door::WazoAdministration => "`X-Auth-Token` at `/0.1`",
        Door::WazoLook => "`GET /0.1/token/T`",
        Door::WazoCheck => "`HEAD /0.1/token/T`",
        Door::WazoCheckScopes => "`POST /0.1/token/T/scopes/check`",
        Door::WazoDelete => "ended by `DELETE /0.1/token/T`",
        Door::WazoRefresh => "refreshed at `POST /0.1/token`",
    }
}

#[test]
fn the_page_on_security_has_this_very_table() {
    let mut table = "| door |".to_owned();
    for (column, _) in COLUMNS {
        let _ = write!(table, " {column} |");
    }
    let _ = writeln!(table, "\n|{}", " --- |".repeat(1 + COLUMNS.len()));
    for door in DOORS {
        let _ = write!(table, "| {} |", name(door));
        for (column, kinds) in COLUMNS {
            let opens = documented(kinds[0]).contains(&door);
            for kind in kinds {
                let same = documented(*kind).contains(&door) == opens;
                assert!(same, "{column} is more than one column at {door:?}");
            }
            table.push_str(if opens { " yes |" } else { " |" });
        }
        table.push('\n');
    }
    assert!(PAGE.contains(&table), "the page needs:\n{table}");
    let told = COLUMNS.iter().flat_map(|(_, kinds)| *kinds);
    let mut left = KINDS.to_vec();
    for kind in told {
        left.retain(|other| other != kind);
    }
    assert_eq!(left, [], "not in the table");
}
