//! The clients that act on their own, or by the user's password.

use super::{Client, Kind, Method, ONE, TWO, USUAL};

pub(super) static SERVICES: [Client; 19] = [
    Client {
        role: "primary",
        id: "primary",
        secret: "primary-hush-1",
        resources: &[ONE, TWO],
        ..USUAL
    },
    Client {
        role: "secondary",
        id: "secondary",
        secret: "secondary-hush-2",
        ..USUAL
    },
    Client {
        role: "resource_server",
        id: "rs-one",
        secret: "rs-one-hush-3",
        ..USUAL
    },
    Client {
        role: "other_resource_server",
        id: "rs-two",
        secret: "rs-two-hush-4",
        resources: &[TWO],
        ..USUAL
    },
    Client {
        role: "special",
        id: "cl%3A +d",
        secret: "s%e:c+r e%20t\u{e9}",
        ..USUAL
    },
    Client {
        role: "post_only",
        id: "post",
        secret: "post-hush-5",
        method: Method::Post,
        ..USUAL
    },
    Client {
        role: "basic_only",
        id: "basic",
        secret: "basic-hush-6",
        method: Method::Basic,
        ..USUAL
    },
    Client {
        role: "private_key",
        id: "keyed",
        method: Method::PrivateKey,
        ..USUAL
    },
    Client {
        role: "no_client_credentials",
        id: "web",
        secret: "web-hush-7",
        grants: &["refresh_token", "authorization_code"],
        ..USUAL
    },
    Client {
        role: "public",
        id: "public",
        method: Method::None,
        grants: &["authorization_code"],
        ..USUAL
    },
    Client {
        role: "opaque",
        id: "opaque",
        secret: "opaque-hush-8",
        kind: Kind::Opaque,
        ..USUAL
    },
    Client {
        role: "rs256",
        id: "rsa",
        secret: "rsa-hush-9",
        kind: Kind::Rs256,
        ..USUAL
    },
    Client {
        role: "short_lived",
        id: "short",
        secret: "short-hush-10",
        lifetime: 2,
        ..USUAL
    },
    Client {
        role: "guessed",
        id: "guessed",
        secret: "guessed-hush-11",
        ..USUAL
    },
    Client {
        role: "password",
        id: "password",
        secret: "password-hush-12",
        grants: &["password", "refresh_token", "client_credentials"],
        resources: &[ONE, TWO],
        ..USUAL
    },
    Client {
        role: "other_password",
        id: "other-password",
        secret: "other-password-hush-13",
        grants: &["password", "refresh_token"],
        ..USUAL
    },
    Client {
        role: "public_password",
        id: "public-password",
        method: Method::None,
        grants: &["password", "refresh_token"],
        ..USUAL
    },
    Client {
        role: "no_refresh_token",
        id: "no-refresh",
        secret: "no-refresh-hush-14",
        grants: &["password"],
        ..USUAL
    },
    Client {
        role: "short_idle",
        id: "short-idle",
        secret: "short-idle-hush-15",
        grants: &["password", "authorization_code", "refresh_token"],
        redirect_uris: &["https://idle.example/callback"],
        response_types: &["code"],
        idle: 2,
        ..USUAL
    },
];
