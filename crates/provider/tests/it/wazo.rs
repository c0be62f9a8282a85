//! The wazo dialect: RULES D2.

use std::sync::Arc;

use countersign_core::wazo::{AccessList, AppId};
use countersign_core::{ClientId, EntityId, GrantType, Secret, User, UserProfile};
use countersign_protocol::ErrorCode;
use countersign_provider::wazo::{
    Absent, Caller, Denied, Expiration, NewPerson, Person, PolicyText, Proof, Purpose, Refusal,
    SignIn, Taken, TokenInfo, Wazo,
};
use countersign_provider::{
    AddClientError, ChangeClientError, Origin, Provider, SecretSource, UserChange, WazoSettings,
};
use tokio::sync::Barrier;

use crate::common::{
    PASSWORD, Service, TestClient, USER, add_user, on_both_backends, password_settings,
};

on_both_backends! {
    row_4_1_a_password_gives_a_token_that_is_a_uuid
    row_4_1_a_verified_email_address_is_a_name_as_well
    row_4_1_one_refresh_token_for_each_user_and_program
    row_4_1_a_refresh_token_makes_tokens_until_it_is_deleted
    row_4_1_the_two_kinds_are_not_taken_for_each_other
    row_4_1_a_token_is_good_in_its_last_second_and_not_after
    row_4_1_a_user_has_so_many_sessions
    row_4_4_what_a_token_gives_access_to_is_frozen
    row_4_4_nobody_gives_what_he_has_not
    row_4_4_a_user_does_not_lift_his_own_limits
    row_4_4_nobody_takes_the_address_of_somebody_else_for_a_name
    row_4_4_a_password_that_was_just_reset_is_not_changed_by_the_old_one
    row_4_4_a_new_password_ends_every_session
    row_4_4_a_user_who_is_disabled_or_removed_loses_everything
    rule_d2_what_ends_the_mount_ends_its_tokens
    rule_d2_a_stored_token_is_a_keyed_hash
    rule_d2_no_standard_door_takes_a_token_of_this_dialect
    rule_d2_parallel_sign_ins_share_one_refresh_token
}

fn wazo(node: &Provider) -> Wazo<'_> {
    node.wazo().unwrap()
}

async fn set_up(service: &mut Service) -> (Provider, User) {
    service.settings.wazo = Some(WazoSettings::default());
    let node = service.node().await;
    let user = add_user(&node).await;
    (node, user)
}

fn by_password(password: &str, offline: Option<&str>) -> SignIn {
    SignIn {
        proof: Proof::Password {
            username: USER.into(),
            password: Secret::new(password.to_owned()),
            offline: offline.map(|app| app.parse().unwrap()),
        },
        expiration: None,
        mobile: false,
        user_agent: String::new(),
    }
}

fn by_refresh_token(token: &Secret<String>, app: &str) -> SignIn {
    SignIn {
        proof: Proof::RefreshToken {
            token: token.clone(),
            app: app.parse().unwrap(),
        },
        ..by_password("", None)
    }
}

async fn sign_in(node: &Provider, request: SignIn) -> Result<TokenInfo, Refusal> {
    wazo(node).sign_in(request, Origin::default()).await
}

async fn signed_in(node: &Provider) -> Secret<String> {
    sign_in(node, by_password(PASSWORD, None))
        .await
        .unwrap()
        .token
}

async fn is_live(node: &Provider, token: &Secret<String>) -> bool {
    match wazo(node).token(token).await {
        Ok(_) => true,
        Err(Refusal::NoSuchToken) => false,
        Err(other) => panic!("{other:?}"),
    }
}

fn is_refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> bool {
    matches!(answer.unwrap_err(), Refusal::AuthenticationFailed)
}

fn list(patterns: &[&str]) -> AccessList {
    patterns.iter().map(|it| it.parse().unwrap()).collect()
}

async fn give(node: &Provider, user: EntityId, name: &str, patterns: &[&str]) {
    let text = policy(name, patterns);
    let operator = Caller::operator();
    let added = wazo(node).add_policy(&operator, text).await.unwrap();
    let slug = added.slug.as_str();
    wazo(node)
        .assign_policy(&operator, slug, user)
        .await
        .unwrap();
}

fn policy(name: &str, patterns: &[&str]) -> PolicyText {
    PolicyText {
        name: name.parse().unwrap(),
        slug: None,
        description: None,
        acl: list(patterns),
    }
}

async fn row_4_1_a_password_gives_a_token_that_is_a_uuid(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, None)).await.unwrap();
    let token = issued.token.expose();
    assert_eq!((token.len(), &token[14..15]), (36, "4"), "{token}");
    assert_eq!(issued.user.id, user.id);
    assert_eq!(
        issued.session.expires_at.since(issued.session.issued_at),
        7_200
    );
    assert!(issued.refresh_token.is_none());
    let own = format!("auth.users.{}.tokens.read", user.id);
    assert!(issued.allows(&own) && issued.allows("auth.users.me.x"));
    assert!(!issued.allows("auth.users.read"));
    assert!(is_live(&node, &issued.token).await);
    assert!(is_refused(sign_in(&node, by_password("wrong", None)).await));
    let short = SignIn {
        expiration: Expiration::new(1),
        ..by_password(PASSWORD, None)
    };
    let short = sign_in(&node, short).await.unwrap();
    assert_eq!(short.session.expires_at.since(short.session.issued_at), 1);
    for seconds in [0, -1, i64::from(Expiration::MAX) + 1, i64::MAX, i64::MIN] {
        assert_eq!(Expiration::new(seconds), None, "{seconds}");
    }
    wazo(&node).end_token(&issued.token).await.unwrap();
    wazo(&node).end_token(&issued.token).await.unwrap();
    assert!(!is_live(&node, &issued.token).await);
    let upper = Secret::new(short.token.expose().to_uppercase());
    wazo(&node).end_token(&upper).await.unwrap();
    assert!(!is_live(&node, &upper).await, "one spelling");
    assert!(is_live(&node, &short.token).await);
}

async fn row_4_1_a_verified_email_address_is_a_name_as_well(mut service: Service) {
    let (node, _) = set_up(&mut service).await;
    let person = |name: &str| Person {
        username: name.parse().unwrap(),
        firstname: Some("Zoë".into()),
        lastname: None,
        purpose: Purpose::User,
        enabled: true,
    };
    let new = NewPerson {
        person: person("zoe"),
        email: Some("Zoe@Example.com".into()),
        password: Some(Secret::new("secret-of-zoe".into())),
    };
    let zoe = wazo(&node)
        .add_user(&Caller::operator(), new)
        .await
        .unwrap();
    assert_eq!(Person::of(&zoe), person("zoe"));
    assert_eq!(zoe.profile.name.as_deref(), Some("Zoë"));
    let named = |name: &str| {
        let mut request = by_password("secret-of-zoe", None);
        if let Proof::Password { username, .. } = &mut request.proof {
            *username = name.into();
        }
        sign_in(&node, request)
    };
    for name in ["zoe", "ZOE", "zoe@example.com", "ZOE@EXAMPLE.COM"] {
        assert_eq!(named(name).await.unwrap().user.id, zoe.id, "{name}");
    }
    let again = NewPerson {
        person: person("other"),
        email: Some("zoe@example.COM".into()),
        password: None,
    };
    let refused = wazo(&node).add_user(&Caller::operator(), again).await;
    assert!(matches!(refused.unwrap_err(), Refusal::Taken(Taken::Email)));
    // An address that nobody has verified, or that two users have, is nobody's name.
    let unverified = |profile: &mut UserProfile| {
        profile.email_verified = false;
        Ok::<_, countersign_provider::ChangeUserError>(())
    };
    node.change_profile(&"zoe".parse().unwrap(), unverified)
        .await
        .unwrap();
    assert!(is_refused(named("zoe@example.com").await));
    let verified = |profile: &mut UserProfile| {
        profile.email = Some("zoe@example.com".into());
        profile.email_verified = true;
        Ok::<_, countersign_provider::ChangeUserError>(())
    };
    node.change_profile(&"zoe".parse().unwrap(), verified)
        .await
        .unwrap();
    assert!(named("zoe@example.com").await.is_ok());
    node.change_profile(&USER.parse().unwrap(), verified)
        .await
        .unwrap();
    assert!(is_refused(named("zoe@example.com").await));
    let mut of_the_other = by_password(PASSWORD, None);
    if let Proof::Password { username, .. } = &mut of_the_other.proof {
        *username = "zoe@example.com".into();
    }
    assert!(is_refused(sign_in(&node, of_the_other).await), "of neither");
    assert!(named("zoe").await.is_ok());
}

async fn row_4_1_one_refresh_token_for_each_user_and_program(mut service: Service) {
    let (node, _) = set_up(&mut service).await;
    let offline = |app| sign_in(&node, by_password(PASSWORD, Some(app)));
    let first = offline("one").await.unwrap();
    let again = offline("one").await.unwrap();
    let other = offline("other").await.unwrap();
    let text = |info: &TokenInfo| info.refresh_token.as_ref().unwrap().expose().clone();
    assert_eq!(text(&first), text(&again), "the same value again");
    assert_ne!(text(&first), text(&other));
    assert_ne!(first.token.expose(), again.token.expose());
    // Another node, which never saw the text, tells it again.
    let neighbour = service.node().await;
    let there = sign_in(&neighbour, by_password(PASSWORD, Some("one")))
        .await
        .unwrap();
    assert_eq!(text(&there), text(&first));
}

async fn row_4_1_a_refresh_token_makes_tokens_until_it_is_deleted(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let plain = signed_in(&node).await;
    let refresh = issued.refresh_token.unwrap();
    // It does not expire.
    service.pass(&node, 3 * 365 * 86_400).await;
    let made = sign_in(&node, by_refresh_token(&refresh, "app"))
        .await
        .unwrap();
    assert!(made.refresh_token.is_none());
    assert!(is_refused(
        sign_in(&node, by_refresh_token(&refresh, "other")).await
    ));
    let fresh = signed_in(&node).await;
    let app: AppId = "app".parse().unwrap();
    let caller = Caller::operator();
    wazo(&node)
        .end_refresh_token(&caller, user.id, &app)
        .await
        .unwrap();
    assert!(is_refused(
        sign_in(&node, by_refresh_token(&refresh, "app")).await
    ));
    assert!(
        !is_live(&node, &made.token).await,
        "it goes with the refresh token"
    );
    assert!(is_live(&node, &fresh).await, "and no other");
    assert!(!is_live(&node, &plain).await, "expired long ago");
    let missed = wazo(&node).end_refresh_token(&caller, user.id, &app).await;
    assert!(matches!(
        missed.unwrap_err(),
        Refusal::Absent(Absent::RefreshToken)
    ));
    let anew = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    assert_ne!(anew.refresh_token.unwrap().expose(), refresh.expose());
}

async fn row_4_1_the_two_kinds_are_not_taken_for_each_other(mut service: Service) {
    let (node, _) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let refresh = issued.refresh_token.unwrap();
    assert!(!is_live(&node, &refresh).await);
    let denied = wazo(&node).admit(Some(&refresh), "auth.users.me.x").await;
    let Refusal::Denied { reason, .. } = denied.unwrap_err() else {
        panic!()
    };
    assert_eq!(reason, Denied::NotFoundOrExpired);
    assert!(is_refused(
        sign_in(&node, by_refresh_token(&issued.token, "app")).await
    ));
    wazo(&node).end_token(&refresh).await.unwrap();
    assert!(
        sign_in(&node, by_refresh_token(&refresh, "app"))
            .await
            .is_ok()
    );
}

async fn row_4_1_a_token_is_good_in_its_last_second_and_not_after(mut service: Service) {
    let (node, _) = set_up(&mut service).await;
    let token = signed_in(&node).await;
    service.pass(&node, 7_200).await;
    assert!(is_live(&node, &token).await);
    service.pass(&node, 1).await;
    assert!(!is_live(&node, &token).await);
    service.pass(&node, 60).await;
    node.sweep(1_000).await.unwrap();
    assert!(!is_live(&node, &token).await);
}

async fn row_4_1_a_user_has_so_many_sessions(mut service: Service) {
    service.settings.wazo = Some(WazoSettings {
        max_sessions: 3,
        ..WazoSettings::default()
    });
    let node = Arc::new(service.node().await);
    let user = add_user(&node).await;
    let barrier = Arc::new(Barrier::new(12));
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let (node, barrier) = (Arc::clone(&node), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                sign_in(&node, by_password(PASSWORD, None)).await
            })
        })
        .collect();
    let mut done = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(issued) => done.push(issued.token),
            Err(Refusal::TooManySessions(3)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(done.len(), 3);
    wazo(&node).end_token(&done[0]).await.unwrap();
    assert!(sign_in(&node, by_password(PASSWORD, None)).await.is_ok());
    assert!(sign_in(&node, by_password(PASSWORD, None)).await.is_err());
    let internal = Person {
        purpose: Purpose::Internal,
        ..Person::of(&user)
    };
    let caller = Caller::operator();
    wazo(&node)
        .replace_user(&caller, user.id, &internal)
        .await
        .unwrap();
    for _ in 0..5 {
        assert!(sign_in(&node, by_password(PASSWORD, None)).await.is_ok());
    }
}

async fn row_4_4_what_a_token_gives_access_to_is_frozen(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let before = signed_in(&node).await;
    give(&node, user.id, "readers", &["auth.users.read"]).await;
    let after = signed_in(&node).await;
    let caller = Caller::operator();
    wazo(&node)
        .withdraw_policy(&caller, "readers", user.id)
        .await
        .unwrap();
    assert!(
        wazo(&node)
            .admit(Some(&before), "auth.users.read")
            .await
            .is_err()
    );
    assert!(
        wazo(&node)
            .admit(Some(&after), "auth.users.read")
            .await
            .is_ok()
    );
    let denied = wazo(&node).admit(Some(&before), "auth.users.read").await;
    let Refusal::Denied { reason, required } = denied.unwrap_err() else {
        panic!()
    };
    assert_eq!(
        (reason, required.as_str()),
        (Denied::MissingPermission, "auth.users.read")
    );
    assert!(wazo(&node).admit(None, "auth.users.me.x").await.is_err());
}

async fn row_4_4_nobody_gives_what_he_has_not(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    give(
        &node,
        user.id,
        "some",
        &["auth.policies.#", "calls.#", "!calls.secret"],
    )
    .await;
    let token = signed_in(&node).await;
    let caller = wazo(&node)
        .admit(Some(&token), "auth.policies.create")
        .await
        .unwrap();
    let other = node
        .add_user("other".parse().unwrap(), None, UserProfile::default())
        .await
        .unwrap();
    let wazo = wazo(&node);
    assert!(
        wazo.add_policy(&caller, policy("fine", &["calls.read"]))
            .await
            .is_ok()
    );
    for pattern in ["users.read", "#", "calls.secret"] {
        let refused = wazo
            .add_policy(&caller, policy("too much", &[pattern]))
            .await;
        assert!(
            matches!(refused.unwrap_err(), Refusal::NotYours(_)),
            "{pattern}"
        );
        let refused = wazo
            .add_access(&caller, "fine", &pattern.parse().unwrap())
            .await;
        assert!(
            matches!(refused.unwrap_err(), Refusal::NotYours(_)),
            "{pattern}"
        );
    }
    let operator = Caller::operator();
    wazo.add_policy(&operator, policy("admin", &["#"]))
        .await
        .unwrap();
    wazo.add_policy(&operator, policy("denying", &["!users.read"]))
        .await
        .unwrap();
    let refused = wazo.assign_policy(&caller, "admin", other.id).await;
    assert!(matches!(refused.unwrap_err(), Refusal::NotYours(_)));
    let refused = wazo
        .replace_policy(&caller, "admin", &policy("admin", &["calls.x"]))
        .await;
    assert!(
        matches!(refused.unwrap_err(), Refusal::NotYours(_)),
        "nor takes it from others"
    );
    let refused = wazo
        .withdraw_access(&caller, "denying", &"!users.read".parse().unwrap())
        .await;
    assert!(
        matches!(refused.unwrap_err(), Refusal::NotYours(_)),
        "which would give it"
    );
    let refused = wazo
        .replace_policy(&caller, "denying", &policy("denying", &[]))
        .await;
    assert!(matches!(refused.unwrap_err(), Refusal::NotYours(_)));
    for name in ["denying", "admin"] {
        let refused = wazo.remove_policy(&caller, name).await;
        assert!(
            matches!(refused.unwrap_err(), Refusal::NotYours(_)),
            "{name}"
        );
    }
    assert!(wazo.assign_policy(&caller, "fine", other.id).await.is_ok());
    let refused = wazo.find_policy(&caller, "FINE").await;
    assert!(
        matches!(refused.unwrap_err(), Refusal::Absent(Absent::Policy)),
        "as it is spelled"
    );
    let patterns: Vec<String> = (0..=AccessList::MAX_PATTERNS)
        .map(|n| format!("calls.{n}"))
        .collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let refused = wazo.add_policy(&caller, policy("long", &patterns)).await;
    assert!(matches!(refused.unwrap_err(), Refusal::TooManyPatterns));
    let again = wazo.add_policy(&operator, policy("FINE", &[])).await;
    assert!(matches!(
        again.unwrap_err(),
        Refusal::Taken(Taken::PolicyName)
    ));
}

async fn row_4_4_a_user_does_not_lift_his_own_limits(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let zoe = NewPerson {
        person: Person {
            username: "zoe".parse().unwrap(),
            ..Person::of(&user)
        },
        email: Some("zoe@example.com".into()),
        password: None,
    };
    wazo(&node)
        .add_user(&Caller::operator(), zoe)
        .await
        .unwrap();
    let token = signed_in(&node).await;
    let own = format!("auth.users.{}.update", user.id);
    let caller = wazo(&node).admit(Some(&token), &own).await.unwrap();
    let change = |change: fn(&mut Person)| {
        let mut person = Person::of(&user);
        change(&mut person);
        let (node, caller) = (&node, &caller);
        async move { wazo(node).replace_user(caller, user.id, &person).await }
    };
    let refused = change(|it| it.purpose = Purpose::Internal).await;
    assert!(matches!(refused.unwrap_err(), Refusal::Denied { .. }));
    for change in [
        |it: &mut Person| it.username = "root".parse().unwrap(),
        |it: &mut Person| it.username = "ZOE@example.com".parse().unwrap(),
        |it: &mut Person| it.enabled = false,
    ] {
        let mut person = Person::of(&user);
        change(&mut person);
        let refused = wazo(&node).replace_user(&caller, user.id, &person).await;
        assert!(matches!(refused.unwrap_err(), Refusal::Denied { .. }));
    }
    assert!(change(|it| it.firstname = Some("Al".into())).await.is_ok());
    // Nor gives himself what others are to decide.
    let operator = Caller::operator();
    give(&node, user.id, "denying", &["!calls.secret"]).await;
    let added = wazo(&node)
        .add_policy(&operator, policy("growing", &[]))
        .await;
    added.unwrap();
    let refused = wazo(&node).assign_policy(&caller, "growing", user.id).await;
    assert!(matches!(refused.unwrap_err(), Refusal::Denied { .. }));
    let refused = wazo(&node)
        .withdraw_policy(&caller, "denying", user.id)
        .await;
    assert!(matches!(refused.unwrap_err(), Refusal::Denied { .. }));
    let refused = wazo(&node).remove_user(&caller, user.id).await;
    assert!(matches!(refused.unwrap_err(), Refusal::Denied { .. }));
    // The word `me` is given as the word: as an id it would be a right to somebody's affairs.
    give(&node, user.id, "editors", &["auth.policies.#"]).await;
    let editing = signed_in(&node).await;
    let editor = wazo(&node)
        .admit(Some(&editing), "auth.policies.editors.update")
        .await
        .unwrap();
    let literal = format!("auth.users.{}.#", user.id).parse().unwrap();
    let refused = wazo(&node).add_access(&editor, "editors", &literal).await;
    assert!(matches!(refused.unwrap_err(), Refusal::NotYours(_)));
    let word = "auth.users.me.tokens.#".parse().unwrap();
    assert!(
        wazo(&node)
            .add_access(&editor, "editors", &word)
            .await
            .is_ok()
    );
    // Who may do so to everybody may do so to himself.
    give(&node, user.id, "admin", &["auth.#"]).await;
    let token = signed_in(&node).await;
    let caller = wazo(&node).admit(Some(&token), &own).await.unwrap();
    assert!(
        wazo(&node)
            .assign_policy(&caller, "growing", user.id)
            .await
            .is_ok()
    );
    let internal = Person {
        purpose: Purpose::Internal,
        ..Person::of(&user)
    };
    assert!(
        wazo(&node)
            .replace_user(&caller, user.id, &internal)
            .await
            .is_ok()
    );
    assert!(wazo(&node).remove_user(&caller, user.id).await.is_ok());
}

async fn row_4_4_nobody_takes_the_address_of_somebody_else_for_a_name(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let operator = Caller::operator();
    let person = |name: &str| Person {
        username: name.parse().unwrap(),
        ..Person::of(&user)
    };
    let new = |name: &str, email: Option<&str>| NewPerson {
        person: person(name),
        email: email.map(str::to_owned),
        password: Some(Secret::new(format!("secret-of-{name}"))),
    };
    let sarah = new("sarah", Some("sarah@example.com"));
    let sarah = wazo(&node).add_user(&operator, sarah).await.unwrap();
    // All of these are one name.
    for name in [
        "sarah@example.com",
        "SARAH@example.com",
        "\u{17f}arah@example.com",
    ] {
        let taken = |answer: Result<User, Refusal>| {
            matches!(answer.unwrap_err(), Refusal::Taken(Taken::Username))
        };
        let renamed = wazo(&node)
            .replace_user(&operator, user.id, &person(name))
            .await;
        assert!(taken(renamed), "{name}");
        assert!(
            taken(wazo(&node).add_user(&operator, new(name, None)).await),
            "{name}"
        );
    }
    let own = wazo(&node)
        .replace_user(&operator, sarah.id, &person("sarah@example.com"))
        .await;
    assert!(own.is_ok(), "her own");
    let mallory = new("mallory", Some("SARAH@EXAMPLE.com"));
    let refused = wazo(&node).add_user(&operator, mallory).await;
    assert!(matches!(refused.unwrap_err(), Refusal::Taken(Taken::Email)));
    // Should it happen all the same, by another door, neither gets in under it.
    let password = Secret::new("secret-of-mallory".to_owned());
    let name = "stra\u{df}e@example.com";
    let profile = UserProfile {
        email: Some(name.to_owned()),
        email_verified: true,
        ..UserProfile::default()
    };
    let owner = node
        .add_user("owner".parse().unwrap(), Some(password.clone()), profile)
        .await;
    owner.unwrap();
    let mallory = "STRASSE@example.com".parse().unwrap();
    node.add_user(mallory, Some(password.clone()), UserProfile::default())
        .await
        .unwrap();
    for typed in [name, "owner", "strasse@example.com"] {
        let mut request = by_password("secret-of-mallory", None);
        if let Proof::Password { username, .. } = &mut request.proof {
            typed.clone_into(username);
        }
        let signed_in = sign_in(&node, request).await;
        assert_eq!(signed_in.is_ok(), typed != name, "{typed}");
    }
}

async fn row_4_4_a_password_that_was_just_reset_is_not_changed_by_the_old_one(
    mut service: Service,
) {
    let (node, user) = set_up(&mut service).await;
    let node = Arc::new(node);
    let reset = "reset-by-an-operator";
    for _ in 0..4 {
        let before = Secret::new(PASSWORD.to_owned());
        node.change_user(&USER.parse().unwrap(), UserChange::Password(before.clone()))
            .await
            .unwrap();
        let changing = {
            let node = Arc::clone(&node);
            tokio::spawn(async move {
                let (caller, new) = (Caller::operator(), Secret::new("attacker".to_owned()));
                let wazo = node.wazo().unwrap();
                wazo.change_password(&caller, user.id, &before, &new, Origin::default())
                    .await
            })
        };
        let password = Secret::new(reset.to_owned());
        node.change_user(&USER.parse().unwrap(), UserChange::Password(password))
            .await
            .unwrap();
        // Whether it came first or not, the operator's counts.
        let _ = changing.await.unwrap();
        assert!(sign_in(&node, by_password("attacker", None)).await.is_err());
        assert!(sign_in(&node, by_password(reset, None)).await.is_ok());
    }
}

async fn row_4_4_a_new_password_ends_every_session(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let refresh = issued.refresh_token.unwrap();
    let caller = Caller::operator();
    let (old, new) = (
        Secret::new(PASSWORD.to_owned()),
        Secret::new("another".to_owned()),
    );
    let change = |old: Secret<String>| {
        let (node, new, caller) = (&node, new.clone(), &caller);
        async move {
            wazo(node)
                .change_password(caller, user.id, &old, &new, Origin::default())
                .await
        }
    };
    assert!(is_refused(change(Secret::new("wrong".to_owned())).await));
    assert!(is_live(&node, &issued.token).await);
    change(old).await.unwrap();
    assert!(!is_live(&node, &issued.token).await);
    assert!(is_refused(
        sign_in(&node, by_refresh_token(&refresh, "app")).await
    ));
    assert!(is_refused(
        sign_in(&node, by_password(PASSWORD, None)).await
    ));
    assert!(sign_in(&node, by_password("another", None)).await.is_ok());
}

async fn row_4_4_a_user_who_is_disabled_or_removed_loses_everything(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let refresh = issued.refresh_token.unwrap();
    let caller = Caller::operator();
    let mut person = Person::of(&user);
    for enabled in [false, true] {
        person.enabled = enabled;
        wazo(&node)
            .replace_user(&caller, user.id, &person)
            .await
            .unwrap();
        assert!(
            !is_live(&node, &issued.token).await,
            "it does not come back"
        );
        assert!(is_refused(
            sign_in(&node, by_refresh_token(&refresh, "app")).await
        ));
        assert_eq!(
            sign_in(&node, by_password(PASSWORD, None)).await.is_ok(),
            enabled
        );
    }
    let token = signed_in(&node).await;
    wazo(&node).remove_user(&caller, user.id).await.unwrap();
    assert!(!is_live(&node, &token).await);
    let missed = wazo(&node).remove_user(&caller, user.id).await;
    assert!(matches!(missed.unwrap_err(), Refusal::Absent(Absent::User)));
    add_user(&node).await;
    assert!(
        !is_live(&node, &token).await,
        "a user of the same name revives nothing"
    );
}

async fn rule_d2_what_ends_the_mount_ends_its_tokens(mut service: Service) {
    let (node, _) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let mount = countersign_provider::wazo::CLIENT_ID.parse().unwrap();
    node.end_client(&mount).await.unwrap();
    assert!(!is_live(&node, &issued.token).await);
    let refresh = issued.refresh_token.unwrap();
    assert!(is_refused(
        sign_in(&node, by_refresh_token(&refresh, "app")).await
    ));
    service.pass(&node, 2).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    node.end_everything().await.unwrap();
    assert!(!is_live(&node, &issued.token).await);
    service.pass(&node, 2).await;
    let token = signed_in(&node).await;
    node.remove_client(&mount).await.unwrap();
    assert!(!is_live(&node, &token).await);
    service.pass(&node, 2).await;
    assert!(
        is_live(&node, &signed_in(&node).await).await,
        "it is made anew"
    );
}

async fn rule_d2_a_stored_token_is_a_keyed_hash(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let refresh = issued.refresh_token.unwrap();
    let kept = wazo(&node)
        .list_refresh_tokens(&Caller::operator(), Some(user.id), None, 10)
        .await;
    let kept = kept.unwrap().remove(0);
    let sessions = wazo(&node)
        .list_sessions(&Caller::operator(), None, None, 10)
        .await
        .unwrap();
    let digest = |text: &Secret<String>| countersign_jose::digest::sha256(text.expose().as_bytes());
    assert_ne!(kept.token_hash, digest(&refresh));
    assert_ne!(sessions[0].token_hash, digest(&issued.token));
    let holds =
        |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(!holds(&kept.sealed, refresh.expose()));
    for shown in [
        format!("{kept:?}"),
        format!("{sessions:?}"),
        format!("{:?}", issued.token),
    ] {
        assert!(!shown.contains(refresh.expose()) && !shown.contains(issued.token.expose()));
    }
}

async fn rule_d2_no_standard_door_takes_a_token_of_this_dialect(mut service: Service) {
    let (node, _) = set_up(&mut service).await;
    let client = TestClient::add(&node, "api", password_settings()).await;
    let issued = sign_in(&node, by_password(PASSWORD, Some("app")))
        .await
        .unwrap();
    let refresh = issued.refresh_token.unwrap();
    for token in [issued.token.expose(), refresh.expose()] {
        assert!(!client.is_active(&node, token).await);
        client.revoke(&node, token).await.unwrap();
        let refused = client.refresh(&node, token).await.unwrap_err();
        assert_eq!(refused.error, ErrorCode::InvalidGrant);
    }
    assert!(is_live(&node, &issued.token).await);
    // And the reverse.
    let standard = client.sign_in(&node).await;
    for token in [standard.access, standard.refresh] {
        let text = Secret::new(token.clone());
        assert!(!is_live(&node, &text).await);
        wazo(&node).end_token(&text).await.unwrap();
        assert!(is_refused(
            sign_in(&node, by_refresh_token(&text, "app")).await
        ));
        assert!(client.is_active(&node, &token).await);
    }
    let mount = TestClient {
        id: countersign_provider::wazo::CLIENT_ID.into(),
        secret: String::new(),
        door: countersign_provider::Door::Standard,
    };
    let rest = format!("grant_type=password&username={USER}&password={PASSWORD}");
    let refused = mount.ask(&node, &rest).await.unwrap_err();
    assert_eq!(
        refused.error,
        ErrorCode::UnauthorizedClient,
        "the mount is no client for others"
    );
}

async fn rule_d2_parallel_sign_ins_share_one_refresh_token(mut service: Service) {
    let (node, user) = set_up(&mut service).await;
    let node = Arc::new(node);
    let barrier = Arc::new(Barrier::new(16));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (node, barrier) = (Arc::clone(&node), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                let issued = sign_in(&node, by_password(PASSWORD, Some("app"))).await;
                issued.unwrap().refresh_token.unwrap().expose().clone()
            })
        })
        .collect();
    let mut told = Vec::new();
    for task in tasks {
        told.push(task.await.unwrap());
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    let caller = Caller::operator();
    let kept = wazo(&node)
        .list_refresh_tokens(&caller, Some(user.id), None, 10)
        .await;
    assert_eq!(kept.unwrap().len(), 1);
}

#[tokio::test]
async fn rule_d2_guessing_here_slows_nobody_down_elsewhere() {
    let mut service = Service::new();
    let (node, _) = set_up(&mut service).await;
    let client = TestClient::add(&node, "app", password_settings()).await;
    let mut slowed = false;
    for _ in 0..40 {
        match sign_in(&node, by_password("wrong", None))
            .await
            .unwrap_err()
        {
            Refusal::AuthenticationFailed => {}
            Refusal::SlowDown { seconds } => {
                assert!(seconds > 0);
                slowed = true;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(slowed);
    assert!(
        sign_in(&node, by_password(PASSWORD, None)).await.is_err(),
        "here the owner waits"
    );
    assert!(
        !client.sign_in(&node).await.access.is_empty(),
        "there nobody does"
    );
}

#[tokio::test]
async fn rule_a3_without_storage_nothing_is_said() {
    let mut service = Service::new();
    let (node, _) = set_up(&mut service).await;
    let token = signed_in(&node).await;
    service.store.switch_off();
    let is_away =
        |refusal: Refusal| matches!(refusal, Refusal::Unavailable(error) if error.status() == 503);
    assert!(is_away(wazo(&node).token(&token).await.unwrap_err()));
    assert!(is_away(wazo(&node).end_token(&token).await.unwrap_err()));
    assert!(is_away(
        wazo(&node)
            .admit(Some(&token), "auth.users.me.x")
            .await
            .unwrap_err()
    ));
    assert!(is_away(
        sign_in(&node, by_password(PASSWORD, None))
            .await
            .unwrap_err()
    ));
    service.store.switch_on();
    assert!(is_live(&node, &token).await);
}

#[tokio::test]
async fn rule_d2_nobody_makes_the_mount_a_client_of_his_own() {
    let mut service = Service::new();
    let (node, _) = set_up(&mut service).await;
    signed_in(&node).await;
    let mount: ClientId = countersign_provider::wazo::CLIENT_ID.parse().unwrap();
    for id in [mount.clone(), "countersign:other".parse().unwrap()] {
        let added = node
            .add_client(id, password_settings(), SecretSource::Generated)
            .await;
        assert!(matches!(added.unwrap_err(), AddClientError::Reserved));
    }
    let changed = node
        .change_client(&mount, |it| it.grant_types = vec![GrantType::Password])
        .await;
    let changed = changed.unwrap_err();
    assert!(matches!(
        changed,
        ChangeClientError::Refused(AddClientError::Reserved)
    ));
}

#[tokio::test]
async fn a_dialect_that_is_off_is_not_there() {
    let node = Service::new().node().await;
    assert!(node.wazo().is_none());
}
