//! The claims that a request asks for one by one (OpenID Connect Core §5.5).

use serde_json::{Map, Value};

#[derive(Clone, Debug, Default)]
pub(crate) struct Requested {
    pub(crate) userinfo: Vec<String>,
    pub(crate) id_token: Vec<String>,
    /// Only this user will do.
    pub(crate) sub: Option<String>,
    /// Only one of these authentication context classes will do.
    pub(crate) essential_acr: Option<Vec<String>>,
    /// The authentication context class is asked for, whether it has to be or not.
    pub(crate) acr: bool,
}

impl Requested {
    /// The `claims` parameter. Members that are not known are ignored.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let members: Map<String, Value> = serde_json::from_str(text).ok()?;
        let asked = |place: &str| members.get(place).and_then(Value::as_object);
        let names = |place: &str| asked(place).into_iter().flatten();
        let id_token = asked("id_token");
        let acr = id_token.and_then(|claims| claims.get("acr"));
        let essential = acr.filter(|acr| acr["essential"] == true);
        let sub = id_token.and_then(|claims| claims.get("sub")?["value"].as_str());
        Some(Self {
            userinfo: names("userinfo").map(|(name, _)| name.clone()).collect(),
            id_token: names("id_token").map(|(name, _)| name.clone()).collect(),
            sub: sub.map(str::to_owned),
            essential_acr: essential.map(values).filter(|values| !values.is_empty()),
            acr: acr.is_some(),
        })
    }
}

/// `value` and `values` of a single claim.
fn values(asked: &Value) -> Vec<String> {
    let many = asked["values"].as_array().into_iter().flatten();
    let all = many.chain([&asked["value"]]).filter_map(Value::as_str);
    all.map(str::to_owned).collect()
}
