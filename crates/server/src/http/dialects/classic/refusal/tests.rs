use super::*;

/// A request that has all that it needs.
fn whole(endpoint: Endpoint, grant_type: &str) -> SeenRequest {
    SeenRequest {
        endpoint,
        grant_type: Some(grant_type.to_owned()).filter(|name| !name.is_empty()),
        has_client: true,
        has_secret: true,
        missing: None,
        scope: Some("a b".to_owned()),
    }
}

/// The status, the code and the description.
fn told(error: &ErrorResponse, seen: SeenRequest) -> (u16, &'static str, String) {
    let body = Words::find(error, &Seen::Request(seen)).body();
    (body.status, body.error, body.error_description)
}

fn of(code: ErrorCode) -> ErrorResponse {
    ErrorResponse::new(code, "what the provider says")
}

#[test]
fn row_3_4_each_refusal_has_the_status_the_code_and_the_text_of_that_server() {
    use ErrorCode as Code;
    let generic = title(Code::InvalidGrant);
    #[rustfmt::skip]
    let cases = [
        // (grant type, what the provider says, (status, code, description))
        ("password", Code::InvalidClient, (401, "invalid_client", "Client has been revoked or is invalid.")),
        ("password", Code::UnauthorizedClient, (401, "invalid_client", "Client has been revoked or is invalid.")),
        ("password", Code::InvalidGrant, (400, "invalid_grant", generic)),
        ("password", Code::InvalidScope, (400, "invalid_scope", "Check the `a, b` scope(s)")),
        ("password", Code::InvalidRequest, (400, "invalid_request", "what the provider says")),
        ("password", Code::UnsupportedGrantType, (400, "unsupported_grant_type", "Unsupported grant_type")),
        ("password", Code::InvalidTarget, (400, "invalid_target", "what the provider says")),
        ("password", Code::ServerError, (500, "server_error", "Internal server error")),
        ("password", Code::TemporarilyUnavailable, (503, "temporarily_unavailable", "what the provider says")),
        ("refresh_token", Code::InvalidGrant, (400, "invalid_request", "Check the `refresh_token` parameter")),
        ("refresh_token", Code::InvalidScope, (400, "invalid_scope", "Check the `a, b` scope(s)")),
        ("authorization_code", Code::InvalidGrant, (400, "invalid_request", "Check the `code` parameter")),
        ("", Code::InvalidRequest, (400, "unsupported_grant_type", "Unsupported grant_type")),
        ("", Code::InvalidClient, (400, "unsupported_grant_type", "Unsupported grant_type")),
        ("", Code::TemporarilyUnavailable, (503, "temporarily_unavailable", "what the provider says")),
    ];
    for (grant_type, code, (status, error, description)) in cases {
        let told = told(&of(code), whole(Endpoint::Token, grant_type));
        let expected = (status, error, description.to_owned());
        assert_eq!(told, expected, "{grant_type} {code:?}");
    }
    let slow = ErrorResponse::too_many_requests(8);
    let (status, error, _) = told(&slow, whole(Endpoint::Token, "password"));
    assert_eq!((status, error), (429, "temporarily_unavailable"));
}

#[test]
fn row_3_4_what_a_request_lacks_is_told_before_what_comes_of_it() {
    use ErrorCode as Code;
    let nobody = |endpoint| SeenRequest {
        has_client: false,
        has_secret: false,
        ..whole(endpoint, "password")
    };
    let public = || SeenRequest {
        has_secret: false,
        ..whole(Endpoint::Token, "password")
    };
    let without = |missing| SeenRequest {
        missing: Some(missing),
        ..whole(Endpoint::Token, "password")
    };
    #[rustfmt::skip]
    let cases = [
        (nobody(Endpoint::Token), Code::InvalidClient, (400, "invalid_request", "Check the `client_id` parameter")),
        (nobody(Endpoint::Token), Code::InvalidRequest, (400, "invalid_request", "Check the `client_id` parameter")),
        (nobody(Endpoint::Introspection), Code::InvalidClient, (401, "invalid_client", "Client authentication failed")),
        (nobody(Endpoint::Revocation), Code::InvalidRequest, (401, "invalid_client", "Client authentication failed")),
        (public(), Code::InvalidClient, (401, "invalid_client", "Confidential clients require client_secret.")),
        (public(), Code::UnauthorizedClient, (401, "invalid_client", "Client has been revoked or is invalid.")),
        (without("username"), Code::InvalidRequest, (400, "invalid_request", "Check the `username` parameter")),
        // It lacks something, but that is not why.
        (without("username"), Code::InvalidClient, (401, "invalid_client", "Client has been revoked or is invalid.")),
        (whole(Endpoint::Introspection, ""), Code::UnsupportedTokenType, (400, "unsupported_token_type", "Unsupported token_type_hint")),
        (whole(Endpoint::Introspection, ""), Code::InsufficientScope, (403, "insufficient_scope", "what the provider says")),
    ];
    for (seen, code, (status, error, description)) in cases {
        let what = format!("{seen:?} {code:?}");
        let expected = (status, error, description.to_owned());
        assert_eq!(told(&of(code), seen), expected, "{what}");
    }
}

#[test]
fn a_request_that_could_not_be_read_is_refused_as_it_is() {
    let large = Words::find(&ErrorResponse::body_too_large(), &Seen::Nothing);
    assert_eq!((large.status, large.code), (413, "invalid_request"));
    let misplaced = Words::find(&of(ErrorCode::InvalidRequest), &Seen::GrantTypeInUrl);
    assert_eq!(
        (misplaced.status, misplaced.code),
        (400, "unsupported_grant_type")
    );
}

#[test]
fn row_3_4_the_message_is_the_title_and_the_description_if_there_is_one() {
    let body = |error: &ErrorResponse, seen| {
        let body = Words::find(error, &Seen::Request(seen)).body();
        serde_json::to_value(body).unwrap()
    };
    let told = body(
        &of(ErrorCode::InvalidScope),
        whole(Endpoint::Token, "password"),
    );
    let expected = serde_json::json!({
        "status": 400,
        "message": "The requested scope is invalid, unknown, or malformed: Check the `a, b` scope(s)",
        "error": "invalid_scope",
        "error_description": "Check the `a, b` scope(s)",
    });
    assert_eq!(told, expected);
    let told = body(
        &of(ErrorCode::UnsupportedGrantType),
        whole(Endpoint::Token, "x"),
    );
    assert_eq!(told["message"], "Unsupported grant_type");
    assert_eq!(told["error_description"], told["message"]);
}

#[test]
fn what_a_stranger_sends_is_not_told_back_at_length() {
    let seen = SeenRequest {
        scope: Some("x".repeat(60_000)),
        ..whole(Endpoint::Token, "password")
    };
    let (_, _, description) = told(&of(ErrorCode::InvalidScope), seen);
    assert_eq!(description.len(), ErrorDescription::MAX_LEN);
}
