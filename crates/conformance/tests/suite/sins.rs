//! Which sin turns which checks red.

use crate::fake::{Rotation, Setting, Sin};

pub(crate) const PLAIN: Setting = Setting {
    tls: false,
    issuer_path: "",
    form: false,
    users: false,
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

pub(crate) const USERS: Setting = Setting {
    users: true,
    ..PLAIN
};
pub(crate) const RETRIED: Setting = Setting {
    rotation: Rotation::Retried,
    ..USERS
};
pub(crate) const OF_PUBLIC_CLIENTS: Setting = Setting {
    rotation: Rotation::OfPublicClients,
    ..USERS
};

/// Which checks must go red for each sin.
pub(crate) const SINS: &[(Sin, Setting, &[&str])] = &[
    // RFC 6749: client authentication
    (Sin::ClientIdSuffices, PLAIN, &["RFC6749-01"]),
    (Sin::TakesTwoMethods, PLAIN, &["RFC6749-03"]),
    (Sin::RefusesBasic, PLAIN, &["RFC6749-04", "META-03"]),
    (Sin::TakesRawBasic, PLAIN, &["RFC6749-05"]),
    (Sin::DecodesNothing, PLAIN, &["RFC6749-05", "PLUS-02"]),
    (Sin::TakesSecretFromUri, PLAIN, &["RFC6749-06"]),
    (Sin::TakesPlainHttp, TLS, &["RFC6749-08", "RFC7662-11"]),
    (Sin::TakesAnonymous, PLAIN, &["RFC6749-27"]),
    (Sin::JudgesGrantFirst, PLAIN, &["RFC6749-44"]),
    (Sin::ChallengesNobody, PLAIN, &["RFC6749-55", "RFC7662-08"]),
    (Sin::ThrottlesNobody, PLAIN, &["RFC6749-07"]),
    // RFC 6749: request
    (Sin::IssuesOnGet, PLAIN, &["RFC6749-24"]),
    (Sin::TakesRepeated, PLAIN, &["RFC6749-25"]),
    (Sin::RefusesUnknownParameters, PLAIN, &["RFC6749-25"]),
    (Sin::MindsEmptyScope, PLAIN, &["RFC6749-25"]),
    (Sin::TakesJson, PLAIN, &["RFC6749-26"]),
    (Sin::IgnoresCaseOfScope, PLAIN, &["RFC6749-29"]),
    (Sin::MindsOrderOfScope, PLAIN, &["RFC6749-29"]),
    (Sin::NarrowsSilently, PLAIN, &["RFC6749-30", "RFC6749-31"]),
    (Sin::ChangesDefaultScope, PLAIN, &["RFC6749-31"]),
    (Sin::EchoesIntoErrors, PLAIN, &["RFC6749-42"]),
    (Sin::ServesPublicClient, PLAIN, &["RFC6749-48"]),
    (
        Sin::MisnamesUnknownGrant,
        PLAIN,
        &["RFC6749-50", "RFC9700-14", "META-07"],
    ),
    (Sin::MisnamesMissingGrant, PLAIN, &["RFC6749-54"]),
    (Sin::ErrorsInHtml, PLAIN, &["RFC6749-54"]),
    (Sin::MisnamesForbiddenGrant, PLAIN, &["RFC6749-56"]),
    (Sin::MisnamesGarbageGrant, PLAIN, &["RFC6749-57"]),
    // RFC 6749: the password grant
    (Sin::PasswordForAnyClient, USERS, &["RFC6749-56"]),
    (Sin::EchoesPassword, USERS, &["RFC6749-56"]),
    (Sin::MisnamesMissingPassword, USERS, &["RFC6749-54"]),
    (Sin::TakesAnyPassword, USERS, &["RFC6749-57"]),
    (Sin::MisnamesWrongPassword, USERS, &["RFC6749-57"]),
    (Sin::PasswordGuessingIsFree, USERS, &["RFC6749-47"]),
    (Sin::LeavesOutTokenTypeForUsers, USERS, &["RFC6749-51"]),
    (Sin::CachesLogin, USERS, &["RFC6749-53"]),
    // RFC 6749: refresh tokens
    (Sin::RefreshesClientCredentials, USERS, &["RFC6749-49"]),
    (Sin::LeavesOutTokenTypeAtRefresh, USERS, &["RFC6749-51"]),
    (Sin::CachesRefresh, USERS, &["RFC6749-53"]),
    (Sin::MisnamesMissingRefreshToken, USERS, &["RFC6749-54"]),
    (Sin::RefreshesForAnyClient, USERS, &["RFC6749-56"]),
    (Sin::TakesCutRefreshToken, USERS, &["RFC6749-57"]),
    (Sin::TakesLongerRefreshToken, USERS, &["RFC6749-57"]),
    (Sin::TakesChangedRefreshToken, USERS, &["RFC6749-57"]),
    (Sin::TakesAccessTokenAsRefreshToken, USERS, &["RFC6749-57"]),
    (Sin::EchoesRefreshToken, USERS, &["RFC6749-57"]),
    (Sin::RefreshesWithoutSecret, USERS, &["RFC6749-58"]),
    (Sin::RefreshesForOthers, USERS, &["RFC6749-59"]),
    (Sin::WidensScope, USERS, &["RFC6749-60", "RFC9700-26"]),
    (
        Sin::RefreshGivesAllScopes,
        USERS,
        &["RFC6749-61", "RFC9700-26"],
    ),
    (Sin::NarrowsForGood, USERS, &["RFC6749-62"]),
    (
        Sin::ShortRefreshTokens,
        USERS,
        &["RFC6749-63", "RFC6749-64"],
    ),
    (Sin::MiddlingRefreshTokens, USERS, &["RFC6749-64"]),
    (Sin::RepeatsRefreshTokens, USERS, &["RFC6749-63"]),
    // RFC 6749: response
    (Sin::GivesRefreshToken, PLAIN, &["RFC6749-49"]),
    (Sin::Answers201, PLAIN, &["RFC6749-51"]),
    (Sin::LeavesOutTokenType, PLAIN, &["RFC6749-51"]),
    (
        Sin::LeavesOutExpiresIn,
        PLAIN,
        &["RFC6749-52", "RFC6750-11"],
    ),
    (Sin::CachesSuccess, PLAIN, &["RFC6749-53"]),
    (Sin::CachesErrors, PLAIN, &["RFC6749-53"]),
    (Sin::ShortTokens, PLAIN, &["RFC6749-63", "RFC6749-64"]),
    (Sin::MiddlingTokens, PLAIN, &["RFC6749-64"]),
    (Sin::RepeatsTokens, PLAIN, &["RFC6749-63"]),
    (Sin::RepeatsJti, PLAIN, &["RFC6749-63", "RFC9068-04"]),
    // RFC 6750
    (Sin::TakesTwoTokens, PLAIN, &["RFC6750-01", "RFC6750-09"]),
    (Sin::MindsCaseOfBearer, PLAIN, &["RFC6750-02"]),
    (Sin::TakesTokenFromGetBody, PLAIN, &["RFC6750-03"]),
    (Sin::TakesTokenFromJson, PLAIN, &["RFC6750-03"]),
    (Sin::TakesTokenFromQuery, PLAIN, &["RFC6750-04"]),
    (
        Sin::BearerChallengesNobody,
        PLAIN,
        &["RFC6750-05", "RFC6750-06", "RFC6750-07"],
    ),
    (Sin::RepeatsAttribute, PLAIN, &["RFC6750-06"]),
    (Sin::NamesErrorAlways, PLAIN, &["RFC6750-07"]),
    (Sin::BadTokenIs403, PLAIN, &["RFC6750-05", "RFC6750-08"]),
    (Sin::MalformedIs401, PLAIN, &["RFC6750-01", "RFC6750-09"]),
    (Sin::ServesAnyScope, PLAIN, &["RFC6750-10"]),
    (Sin::LongLived, PLAIN, &["RFC6750-11"]),
    (Sin::TakesTwoTokens, FORM, &["RFC6750-01", "RFC6750-09"]),
    (Sin::ServesAnyScope, FORM, &["RFC6750-10"]),
    // RFC 7009
    (Sin::HttpRevocation, TLS, &["RFC7009-01", "RFC8414-03"]),
    (
        Sin::RevokesNothing,
        PLAIN,
        &["RFC7009-03", "RFC7009-07", "RFC7009-08"],
    ),
    (Sin::RevokesOnGet, PLAIN, &["RFC7009-04"]),
    (Sin::RevokesWithoutToken, PLAIN, &["RFC7009-04"]),
    (Sin::RevokesBeforeAuthentication, PLAIN, &["RFC7009-05"]),
    (Sin::RevokesForAnyone, PLAIN, &["RFC7009-06"]),
    (Sin::RevocationBelievesHint, PLAIN, &["RFC7009-07"]),
    (
        Sin::CachesIntrospection,
        PLAIN,
        &["RFC7009-03", "RFC7009-08"],
    ),
    (Sin::RevocationRefusesPublic, PLAIN, &["RFC7009-10"]),
    (Sin::RevocationMindsUnknown, PLAIN, &["RFC7009-11"]),
    (Sin::RevocationMindsTwice, PLAIN, &["RFC7009-12"]),
    (
        Sin::RevocationMisnamesRefusal,
        PLAIN,
        &["RFC7009-13", "RFC7009-03"],
    ),
    (
        Sin::KeepsRevokedRefreshTokens,
        USERS,
        &["RFC7009-02", "RFC7009-07", "RFC7009-09", "RFC7009-10"],
    ),
    (Sin::RevokesRefreshTokensForAnyone, USERS, &["RFC7009-06"]),
    (
        Sin::RevocationBelievesHintForRefreshTokens,
        USERS,
        &["RFC7009-07"],
    ),
    (
        Sin::AccessTokensOutliveGrant,
        USERS,
        &["RFC7009-09", "RFC9700-25"],
    ),
    (Sin::RevocationIgnoresPublic, USERS, &["RFC7009-10"]),
    // RFC 7662
    (Sin::IntrospectsForAnyone, PLAIN, &["RFC7662-01"]),
    (Sin::IntrospectsForBareClientId, PLAIN, &["RFC7662-01"]),
    (Sin::IntrospectsOnGet, PLAIN, &["RFC7662-02"]),
    (Sin::IntrospectionBelievesHint, PLAIN, &["RFC7662-03"]),
    (Sin::ActiveIsText, PLAIN, &["RFC7662-04"]),
    (Sin::IntrospectionLies, PLAIN, &["RFC7662-04"]),
    (Sin::UnknownIs404, PLAIN, &["RFC7662-05", "RFC7662-06"]),
    (Sin::InactiveTalks, PLAIN, &["RFC7662-06"]),
    (Sin::IgnoresCaller, PLAIN, &["RFC7662-07"]),
    (Sin::BadCallerIs403, PLAIN, &["RFC7662-08"]),
    (Sin::BadBearerIsServed, PLAIN, &["RFC7662-09"]),
    (Sin::BadBearerIsMisnamed, PLAIN, &["RFC7662-09"]),
    (Sin::IgnoresSignature, PLAIN, &["RFC7662-10", "RFC9068-10"]),
    (Sin::IgnoresExpiry, PLAIN, &["RFC7662-10"]),
    (Sin::HttpIntrospection, TLS, &["RFC7662-11", "RFC8414-03"]),
    (Sin::ScanningIsFree, PLAIN, &["RFC7662-12"]),
    // RFC 8414
    (Sin::IssuerWithQuery, TLS, &["RFC8414-01", "RFC8414-09"]),
    (Sin::LeavesOutTokenEndpoint, PLAIN, &["RFC8414-02"]),
    (Sin::HttpJwksUri, TLS, &["RFC8414-03"]),
    (Sin::AllowsNone, PLAIN, &["RFC8414-04"]),
    (Sin::LeavesOutPkce, PLAIN, &["RFC8414-05"]),
    (Sin::AppendsWellKnown, PATH, &["RFC8414-06"]),
    (Sin::MetadataAsText, PLAIN, &["RFC8414-07"]),
    (Sin::EmptyList, PLAIN, &["RFC8414-08"]),
    (Sin::IssuerWithSlash, PLAIN, &["RFC8414-09"]),
    (Sin::ServesAnyIssuer, PLAIN, &["RFC8414-10"]),
    // RFC 8707
    (Sin::MisnamesMalformedResource, PLAIN, &["RFC8707-01"]),
    (Sin::TakesLastResource, PLAIN, &["RFC8707-02"]),
    (Sin::TakesUnknownResource, PLAIN, &["RFC8707-03"]),
    (Sin::IgnoresResource, PLAIN, &["RFC8707-05", "RFC9700-13"]),
    (Sin::AudienceIsIssuer, PLAIN, &["RFC8707-06", "RFC9068-07"]),
    (
        Sin::TakesUngrantedResource,
        USERS,
        &["RFC8707-04", "RFC9700-26"],
    ),
    (Sin::RefreshGivesAllResources, USERS, &["RFC9700-26"]),
    (Sin::IgnoresResourceAtRefresh, USERS, &["RFC8707-07"]),
    // RFC 9068
    (Sin::SignsWithNone, PLAIN, &["RFC9068-01"]),
    (Sin::SignsWithAnotherKey, PLAIN, &["RFC9068-01"]),
    (Sin::LacksRs256, PLAIN, &["RFC9068-02"]),
    (Sin::TypIsJwt, PLAIN, &["RFC9068-03"]),
    (Sin::LeavesOutJti, PLAIN, &["RFC9068-04"]),
    (
        Sin::MisspellsIssuer,
        PLAIN,
        &["RFC9068-04", "RFC7662-04", "RFC9700-23"],
    ),
    (Sin::LeavesOutScopeClaim, PLAIN, &["RFC9068-06"]),
    (
        Sin::LeavesOutDefaultAudience,
        PLAIN,
        &["RFC9068-04", "RFC9068-08"],
    ),
    (Sin::RandomSubject, PLAIN, &["RFC9068-09"]),
    (Sin::SharedSubject, PLAIN, &["RFC9068-09"]),
    (Sin::ServesUnsigned, PLAIN, &["RFC9068-10", "RFC6750-08"]),
    (Sin::UnknownKid, PLAIN, &["RFC9068-11", "RFC9068-01"]),
    (Sin::MistakesAuthTime, USERS, &["RFC9068-05"]),
    (Sin::AuthTimeIsNow, USERS, &["RFC9068-05"]),
    (Sin::UserIsClient, USERS, &["RFC9068-13"]),
    (Sin::RefreshForgetsUser, USERS, &["RFC9068-13"]),
    // RFC 9700
    (Sin::LeavesOutDpop, PLAIN, &["RFC9700-11"]),
    (Sin::GrantsEverything, PLAIN, &["RFC9700-13"]),
    (Sin::KnowsPasswordGrant, PLAIN, &["RFC9700-14", "META-07"]),
    (Sin::LeavesOutPrivateKeyJwt, PLAIN, &["RFC9700-15"]),
    (Sin::PublishesNothing, PLAIN, &["RFC9700-16"]),
    (Sin::ServesAnyAudience, PLAIN, &["RFC9700-20"]),
    (Sin::BelievesForwardedHost, PLAIN, &["RFC9700-23"]),
    (Sin::BelievesCertificateHeader, PLAIN, &["RFC9700-23"]),
    (Sin::NeverRotates, USERS, &["RFC9700-12"]),
    (
        Sin::OldRefreshTokensLive,
        USERS,
        &["RFC9700-12", "RFC9700-24", "RFC9700-25"],
    ),
    (
        Sin::OldRefreshTokensLive,
        RETRIED,
        &["RFC9700-12", "RFC9700-24", "RFC9700-25"],
    ),
    (
        Sin::OldRefreshTokensLive,
        OF_PUBLIC_CLIENTS,
        &["RFC9700-12", "RFC9700-24", "RFC9700-25"],
    ),
    (Sin::ReplayEndsNothing, USERS, &["RFC9700-25"]),
    (Sin::NeverIdle, USERS, &["RFC9700-27"]),
    // Metadata cannot lie
    (Sin::DeadEndpoint, PLAIN, &["META-01"]),
    (Sin::PublishesPrivateKey, PLAIN, &["META-02"]),
    (Sin::RepeatsKid, PLAIN, &["META-02"]),
    (Sin::RefusesPost, PLAIN, &["META-04", "PLUS-02", "PLUS-03"]),
    (Sin::TakesUnadvertisedPost, PLAIN, &["META-05"]),
    (Sin::AdvertisesUnknownGrant, PLAIN, &["META-06"]),
    (Sin::IntrospectionRefusesPost, PLAIN, &["META-08"]),
    (Sin::RevocationRefusesPost, PLAIN, &["META-09"]),
    (Sin::ListIsText, PLAIN, &["META-10"]),
    // Demands of this suite
    (Sin::SparseIntrospection, PLAIN, &["PLUS-01"]),
    (Sin::TakesAnyMethod, PLAIN, &["PLUS-03"]),
    (Sin::MindsCaseOfBasic, PLAIN, &["PLUS-04"]),
    (Sin::TakesFirstAuthorization, PLAIN, &["PLUS-05"]),
    (Sin::TakesAnyContentType, PLAIN, &["PLUS-06"]),
    (Sin::TellsUnknownClient, PLAIN, &["PLUS-07"]),
    (Sin::TakesHugeBody, PLAIN, &["PLUS-08"]),
    (Sin::TellsUnknownUser, USERS, &["PLUS-09"]),
];
