//! What is told about a token.

use countersign_protocol::IntrospectionResponse;
use serde_json::{Value, json};

/// The answer in the words of that server: `token_type` is the kind of the token, only users are a `sub`, and a refresh token
/// has `user_id` and `expire_time` as well, as it has them itself.
pub(super) fn told(response: IntrospectionResponse) -> Value {
    let IntrospectionResponse::Active(token) = response else {
        return json!({ "active": false });
    };
    // RFC 6749 §7.1: how a token is used is a matter of access tokens only.
    let is_access_token = token.token_type.is_some();
    // RULES A6: no client has the name of a user.
    let user = Some(token.sub.clone()).filter(|sub| *sub != token.client_id);
    let end = token.exp;
    let mut told = json!(IntrospectionResponse::Active(token));
    if let Some(told) = told.as_object_mut() {
        let kind = if is_access_token {
            "access_token"
        } else {
            "refresh_token"
        };
        told.insert("token_type".to_owned(), kind.into());
        if !is_access_token {
            told.insert("expire_time".to_owned(), json!(end));
        }
        match user {
            None => {
                told.remove("sub");
            }
            Some(user) if !is_access_token => {
                told.insert("user_id".to_owned(), user.into());
            }
            Some(_) => {}
        }
    }
    told
}
