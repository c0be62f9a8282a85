//! Which sin turns which checks red.

mod authorization;
mod openid;
mod tokens;

use crate::fake::{Make, Rotation, Setting, Sin};

pub(crate) const PLAIN: Setting = Setting {
    tls: false,
    issuer_path: "",
    form: false,
    make: Make::Usual,
    rotation: Rotation::Strict,
};
pub(crate) const TLS: Setting = Setting { tls: true, ..PLAIN };
pub(crate) const PATH: Setting = Setting {
    issuer_path: "/tenant/one",
    ..PLAIN
};
pub(crate) const FORM: Setting = Setting {
    form: true,
    ..PLAIN
};

pub(crate) const BRIEF: Setting = Setting {
    make: Make::Brief,
    ..PLAIN
};

pub(crate) const FOREIGN: Setting = Setting {
    make: Make::Foreign,
    rotation: Rotation::OfPublicClients,
    ..PLAIN
};

pub(crate) const LEGACY: Setting = Setting {
    make: Make::Legacy,
    ..PLAIN
};
pub(crate) const RETRIED: Setting = Setting {
    rotation: Rotation::Retried,
    ..LEGACY
};
pub(crate) const OF_PUBLIC_CLIENTS: Setting = Setting {
    rotation: Rotation::OfPublicClients,
    ..LEGACY
};

/// A sin, where it is committed, and the checks that must go red for it.
type Row = (Sin, Setting, &'static [&'static str]);

/// Every sin in its setting once, with all the checks that must go red for it.
pub(crate) fn all() -> Vec<(Sin, Setting, Vec<&'static str>)> {
    let mut all: Vec<(Sin, Setting, Vec<_>)> = Vec::new();
    let tables = [tokens::SINS, authorization::SINS, openid::SINS];
    for (sin, setting, ids) in tables.into_iter().flatten() {
        let known = all.iter_mut();
        let mut known = known.filter(|row| (row.0, row.1) == (*sin, *setting));
        match known.next() {
            Some(row) => row.2.extend_from_slice(ids),
            None => all.push((*sin, *setting, ids.to_vec())),
        }
    }
    all
}
