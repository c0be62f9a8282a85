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
pub(crate) type Row = (Sin, Setting, &'static [&'static str]);

pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    let tables = [tokens::SINS, authorization::SINS, openid::SINS];
    tables.into_iter().flatten()
}
