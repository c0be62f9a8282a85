//! The clients that send their users to the authorization endpoint.

use super::{Client, Method, ONE, Pkce, Signing, TWO, USUAL};

const CODE: Client = Client {
    grants: &["authorization_code", "refresh_token"],
    resources: &[ONE, TWO],
    response_types: &["code"],
    ..USUAL
};

pub(super) static WEB: [Client; 12] = [
    Client {
        role: "web",
        id: "shop",
        secret: "shop-hush-30",
        redirect_uris: &[
            "https://shop.example/callback",
            "https://shop.example/callback?from=fake&x=1%202",
        ],
        post_logout_redirect_uris: &[
            "https://shop.example/bye",
            "https://shop.example/bye?why=left",
        ],
        ..CODE
    },
    Client {
        role: "second",
        id: "blog",
        secret: "blog-hush-31",
        redirect_uris: &["https://blog.example/callback"],
        post_logout_redirect_uris: &["https://blog.example/bye"],
        id_tokens: Signing::Hs256,
        ..CODE
    },
    Client {
        role: "spa",
        id: "spa",
        method: Method::None,
        redirect_uris: &["https://spa.example/"],
        ..CODE
    },
    Client {
        role: "native",
        id: "native",
        method: Method::None,
        redirect_uris: &["http://127.0.0.1/callback"],
        native: true,
        grants: &["authorization_code"],
        ..CODE
    },
    Client {
        role: "optional_pkce",
        id: "old",
        secret: "old-hush-32",
        redirect_uris: &["https://old.example/callback"],
        pkce: Pkce::Optional,
        ..CODE
    },
    Client {
        role: "implicit",
        id: "implicit",
        secret: "implicit-hush-33",
        redirect_uris: &["https://implicit.example/callback"],
        grants: &["implicit"],
        response_types: &["id_token", "id_token token", "token"],
        ..CODE
    },
    Client {
        role: "hybrid",
        id: "hybrid",
        secret: "hybrid-hush-34",
        redirect_uris: &["https://hybrid.example/callback"],
        grants: &["authorization_code", "implicit", "refresh_token"],
        response_types: &["code", "code id_token", "code token", "code id_token token"],
        pkce: Pkce::Optional,
        ..CODE
    },
    Client {
        role: "first_party",
        id: "own",
        secret: "own-hush-35",
        redirect_uris: &["https://own.example/callback"],
        trusted: true,
        ..CODE
    },
    Client {
        role: "pairwise",
        id: "sector-one",
        secret: "sector-one-hush-36",
        redirect_uris: &["https://sector-one.example/callback"],
        pairwise: true,
        ..CODE
    },
    Client {
        role: "pairwise_other_sector",
        id: "sector-two",
        secret: "sector-two-hush-37",
        redirect_uris: &["https://sector-two.example/callback"],
        pairwise: true,
        ..CODE
    },
    Client {
        role: "es256_id_token",
        id: "elliptic",
        secret: "elliptic-hush-38",
        redirect_uris: &["https://elliptic.example/callback"],
        id_tokens: Signing::Es256,
        ..CODE
    },
    Client {
        role: "signed_userinfo",
        id: "signed",
        secret: "signed-hush-39",
        redirect_uris: &["https://signed.example/callback"],
        userinfo: Some(Signing::Rs256),
        ..CODE
    },
];
