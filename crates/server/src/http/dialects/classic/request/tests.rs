use super::*;

/// What is read of a header and a body.
fn asked(header: Option<&str>, form: Result<Form, ErrorResponse>) -> Result<Asked, ErrorResponse> {
    let authorization: Vec<String> = header.map(str::to_owned).into_iter().collect();
    let header = AuthorizationHeader::read(&borrow(&authorization))?;
    let head = Head {
        origin: Origin::default(),
        authorization,
    };
    let form = form?;
    Ok(Asked { head, header, form })
}

fn of_form(header: Option<&str>, form: &str) -> Result<Asked, ErrorResponse> {
    let form = Form::parse(form.as_bytes(), TokenRequest::REPEATABLE);
    asked(header, form.map_err(ErrorResponse::from))
}

fn of_json(header: Option<&str>, json: &str) -> Result<Asked, ErrorResponse> {
    asked(header, super::of_json(json.as_bytes()))
}

/// The client in a few words: the method, then each reading.
fn client_in_words(request: Asked) -> Result<String, ErrorCode> {
    let request = request.token_request().map_err(|error| error.error)?;
    let pair = |pair: &BasicPair| format!("{}:{}", pair.user, pair.password.expose());
    Ok(match &request.client {
        PresentedClient::Basic(basic) => {
            let readings: Vec<String> = basic.readings.iter().map(pair).collect();
            format!("basic {}", readings.join(" or "))
        }
        PresentedClient::Post {
            client_id,
            client_secret,
        } => format!("post {client_id}:{}", client_secret.expose()),
        PresentedClient::Assertion {
            client_id,
            assertion,
        } => format!("assertion {client_id:?} {}", assertion.expose()),
        PresentedClient::Named { client_id } => format!("none {client_id}"),
        _ => "nobody".to_owned(),
    })
}

/// `h:s`
const BASIC: &str = "Basic aDpz";
/// `h:`
const NO_SECRET: &str = "Basic aDo=";
/// `h%41:s%41`
const ENCODED: &str = "Basic aCU0MTpzJTQx";

#[test]
fn row_3_4_body_beats_header_field_by_field() {
    let cases = [
        // (header, members of the body, the client)
        (Some(BASIC), &[][..], "basic h:s"),
        (Some(BASIC), &[("client_id", "b")], "basic b:s"),
        (Some(BASIC), &[("client_secret", "t")], "post h:t"),
        (
            Some(BASIC),
            &[("client_id", "b"), ("client_secret", "t")],
            "post b:t",
        ),
        // An empty one is none.
        (
            Some(BASIC),
            &[("client_id", ""), ("client_secret", "")],
            "basic h:s",
        ),
        (
            Some(BASIC),
            &[("client_id", ""), ("client_secret", "t")],
            "post h:t",
        ),
        (Some(NO_SECRET), &[], "none h"),
        (Some(NO_SECRET), &[("client_id", "b")], "none b"),
        (Some(NO_SECRET), &[("client_secret", "t")], "post h:t"),
        (
            Some(ENCODED),
            &[],
            "basic h%41:s%41 or h%41:sA or hA:s%41 or hA:sA",
        ),
        (None, &[("client_id", "b")], "none b"),
        (
            None,
            &[("client_id", "b"), ("client_secret", "t")],
            "post b:t",
        ),
        (None, &[], "nobody"),
    ];
    for (header, fields, expected) in cases {
        let fields = [&[("grant_type", "client_credentials")], fields].concat();
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        let json: serde_json::Map<_, _> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let json = serde_json::Value::from(json).to_string();
        for asked in [of_form(header, &form), of_json(header, &json)] {
            let client = client_in_words(asked.unwrap());
            assert_eq!(client.as_deref(), Ok(expected), "{header:?} {form}");
        }
    }
    let asked = of_form(None, "grant_type=client_credentials&client_secret=t");
    let client = client_in_words(asked.unwrap());
    assert_eq!(client.unwrap_err(), ErrorCode::InvalidRequest);
}

#[test]
fn rfc6749_02_3_an_assertion_is_the_one_method_of_its_request() {
    let jwt = ("client_assertion_type", countersign_protocol::JWT_BEARER);
    let assertion = ("client_assertion", "a.b.c");
    let invalid = Err(ErrorCode::InvalidRequest);
    for (header, fields, expected) in [
        (None, &[jwt, assertion][..], Ok("assertion None a.b.c")),
        (
            None,
            &[jwt, assertion, ("client_id", "b")],
            Ok("assertion Some(\"b\") a.b.c"),
        ),
        (None, &[jwt, assertion, ("client_secret", "t")], invalid),
        (Some(BASIC), &[jwt, assertion], invalid),
        (Some(NO_SECRET), &[jwt, assertion], invalid),
        (Some("Bearer x"), &[jwt, assertion], invalid),
        (None, &[jwt], invalid),
        (Some(BASIC), &[jwt], invalid),
        (None, &[assertion], invalid),
        (
            None,
            &[("client_assertion_type", "saml"), assertion],
            Err(ErrorCode::InvalidClient),
        ),
    ] {
        let fields = [&[("grant_type", "client_credentials")], fields].concat();
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        let json: serde_json::Map<_, _> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let json = serde_json::Value::from(json).to_string();
        for asked in [of_form(header, &form), of_json(header, &json)] {
            let asked = asked.unwrap();
            let Seen::Request(seen) = asked.seen(Endpoint::Token) else {
                panic!("it was read");
            };
            let has_assertion = fields.contains(&assertion);
            let is_known = (seen.has_client, seen.has_secret);
            if header.is_none() {
                assert_eq!(is_known, (has_assertion, has_assertion), "{form}");
            }
            let client = client_in_words(asked);
            assert_eq!(
                client.as_deref().map_err(|it| *it),
                expected,
                "{header:?} {form}"
            );
        }
    }
}

#[test]
fn the_schemes_of_the_header_are_those_of_the_standard_endpoint() {
    for (header, error) in [
        ("Digest x", ErrorCode::InvalidRequest),
        ("Basic aA==", ErrorCode::InvalidClient),
    ] {
        let asked = of_form(Some(header), "grant_type=client_credentials");
        assert_eq!(asked.err().unwrap().error, error, "{header}");
    }
    let asked = of_form(
        Some("Bearer x"),
        "grant_type=client_credentials&client_id=a",
    );
    let request = asked.unwrap().token_request();
    assert_eq!(request.unwrap_err().error, ErrorCode::InvalidRequest);
    let lower = BASIC.replace("Basic", "basic");
    let asked = of_form(Some(&lower), "grant_type=client_credentials");
    assert_eq!(client_in_words(asked.unwrap()).unwrap(), "basic h:s");
}

#[test]
fn audience_and_aud_are_other_names_of_the_resource() {
    let cases = [
        ("", Ok("")),
        ("audience=urn:a", Ok("urn:a")),
        ("aud=urn:a", Ok("urn:a")),
        ("audience=urn:a&aud=urn:a&resource=urn:a", Ok("urn:a")),
        ("resource=urn:a&resource=urn:b", Ok("urn:a urn:b")),
        ("audience=urn:a&aud=urn:b", Err(ErrorCode::InvalidTarget)),
        (
            "audience=urn:a&resource=urn:b",
            Err(ErrorCode::InvalidTarget),
        ),
        (
            "audience=urn:a&resource=urn:a&resource=urn:b",
            Err(ErrorCode::InvalidTarget),
        ),
        ("audience=my-api", Err(ErrorCode::InvalidTarget)),
    ];
    for grant in [
        "grant_type=client_credentials",
        "grant_type=password&username=u&password=p",
        "grant_type=refresh_token&refresh_token=t",
        "grant_type=authorization_code&code=c",
    ] {
        for (named, expected) in cases {
            let asked = of_form(None, &format!("{grant}&{named}")).unwrap();
            let resources = asked.token_request().map(|mut request| {
                let resources = resources(&mut request.grant).iter();
                let texts: Vec<&str> = resources.map(ResourceUri::as_str).collect();
                texts.join(" ")
            });
            let resources = resources.map_err(|error| error.error);
            assert_eq!(resources, expected.map(str::to_owned), "{grant} {named}");
        }
    }
    let twice = of_form(None, "audience=urn:a&audience=urn:a");
    assert_eq!(twice.err().unwrap().error, ErrorCode::InvalidRequest);
}

#[test]
fn members_of_a_json_object_are_texts() {
    let whole = r#"{"grant_type":"password","username":"u","password":"p","scope":null,"remember":true,"client_id":"c"}"#;
    let request = of_json(None, whole).unwrap().token_request().unwrap();
    let GrantRequest::Password(grant) = request.grant else {
        panic!("another grant");
    };
    assert_eq!((&*grant.username, &**grant.password.expose()), ("u", "p"));
    assert_eq!(grant.asked.scope, None);
    for wrong in [r#"["a","b"]"#, "5", "true", "{}"] {
        let error = of_json(None, &format!(r#"{{"scope":{wrong}}}"#))
            .err()
            .unwrap();
        assert_eq!(error.error, ErrorCode::InvalidRequest, "{wrong}");
        assert_eq!(error.error_description.as_str(), "'scope' must be a string");
    }
}

#[test]
fn row_3_5_a_hint_is_one_of_three() {
    for (hint, expected) in [
        ("", Hint::Token),
        ("access_token", Hint::Token),
        ("refresh_token", Hint::Token),
        ("auth_code", Hint::Code),
        ("id_token", Hint::Unknown),
        ("ACCESS_TOKEN", Hint::Unknown),
    ] {
        let asked = of_form(None, &format!("token=t&token_type_hint={hint}"));
        assert_eq!(asked.unwrap().hint(), expected, "{hint}");
    }
}
