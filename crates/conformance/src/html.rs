//! Pages, as a browser reads them: their elements, their words and their forms.

use std::collections::BTreeMap;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// An element and its attributes. Which one stands inside which is not kept.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is(&self, attribute: &str, value: &str) -> bool {
        self.attribute(attribute)
            .is_some_and(|it| it.eq_ignore_ascii_case(value))
    }

    /// Whether it sends the form that it stands in.
    fn is_button(&self) -> bool {
        match self.name.as_str() {
            "button" => self.attribute("type").is_none() || self.is("type", "submit"),
            "input" => self.is("type", "submit") || self.is("type", "image"),
            _ => false,
        }
    }

    /// Whether a browser sends it along, whichever button is pressed.
    fn is_sent(&self) -> bool {
        let may_be_off = self.is("type", "checkbox") || self.is("type", "radio");
        matches!(self.name.as_str(), "input" | "textarea")
            && !self.is_button()
            && !self.is("type", "button")
            && !self.is("type", "reset")
            && (!may_be_off || self.attribute("checked").is_some())
    }

    /// Name and value, as a form sends them.
    fn pair(&self) -> Option<(&str, &str)> {
        let name = self.attribute("name").filter(|name| !name.is_empty())?;
        Some((name, self.attribute("value").unwrap_or_default()))
    }
}

/// A form and the controls in it.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) is_post: bool,
    controls: Vec<Element>,
}

impl Form {
    pub(crate) fn has_field(&self, name: &str) -> bool {
        let mut fields = self.controls.iter().filter(|one| !one.is_button());
        fields.any(|field| field.attribute("name") == Some(name))
    }

    pub(crate) fn has_button(&self, name: &str, value: &str) -> bool {
        let mut buttons = self.controls.iter().filter(|one| one.is_button());
        buttons.any(|button| button.pair() == Some((name, value)))
    }

    /// What is sent with no button pressed: the fields as they stand, hidden ones too.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let sent = self.controls.iter().filter(|one| one.is_sent());
        owned(sent.filter_map(Element::pair))
    }

    /// What is sent with these fields filled in, by the Enter key: the first button counts as pressed.
    pub(crate) fn filled_in(&self, values: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs = self.fields();
        for (name, value) in values {
            pairs.retain(|(one, _)| one != name);
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
        let first = self.controls.iter().find(|one| one.is_button());
        pairs.extend(owned(first.and_then(Element::pair).into_iter()));
        pairs
    }

    /// What is sent with this button pressed.
    pub(crate) fn pressed(&self, name: &str, value: &str) -> Vec<(String, String)> {
        let mut pairs = self.fields();
        pairs.push((name.to_owned(), value.to_owned()));
        pairs
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Html {
    pub(crate) elements: Vec<Element>,
    pub(crate) forms: Vec<Form>,
    /// All that stands between the tags.
    pub(crate) text: String,
}

impl Html {
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut emitter = DefaultEmitter::default();
        // Scripts, styles and titles hold no tags.
        emitter.naively_switch_states(true);
        let body = String::from_utf8_lossy(body);
        let mut page = Self::default();
        let mut inside_form = false;
        for token in Tokenizer::new_with_emitter(body.as_ref(), emitter) {
            match token {
                Ok(Token::StartTag(tag)) => {
                    let attributes = tag.attributes.iter().map(|(name, value)| {
                        let value: &[u8] = &value.value;
                        (utf8(name), utf8(value))
                    });
                    let element = Element {
                        name: utf8(&tag.name),
                        attributes: attributes.collect(),
                    };
                    inside_form |= element.name == "form";
                    page.add(element, inside_form);
                }
                Ok(Token::EndTag(tag)) => inside_form &= utf8(&tag.name) != "form",
                Ok(Token::String(text)) => page.text.push_str(&utf8(&text.value)),
                _ => {}
            }
        }
        page
    }

    fn add(&mut self, element: Element, inside_form: bool) {
        if element.name == "form" {
            self.forms.push(Form {
                action: element.attribute("action").unwrap_or_default().to_owned(),
                is_post: element.is("method", "post"),
                controls: Vec::new(),
            });
        } else if let Some(form) = self.forms.last_mut().filter(|_| inside_form) {
            form.controls.push(element.clone());
        }
        self.elements.push(element);
    }
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = r#"<!doctype html><title>A <form> in a title</title>
        <script>"<form action='/no'>"</script><input name=outside>
        <form method=POST action="/login?a=1&amp;b=2"><p>Who &amp; where?
        <input type="hidden" name="ticket" value="a&quot;b"><input NAME=username value=me>
        <input type=password name=password><input type=checkbox name=off value=1>
        <input type=checkbox name=on value=1 checked><button type=button name=no value=no>
        <button name=go value=1>Go</button><input type=submit name=go value=2></form>
        <form><input name=q></form>"#;

    fn pairs(of: &[(String, String)]) -> Vec<(&str, &str)> {
        of.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()
    }

    #[test]
    fn a_form_sends_what_a_browser_sends() {
        let page = Html::read(PAGE.as_bytes());
        assert_eq!(page.forms.len(), 2);
        let form = &page.forms[0];
        assert_eq!(
            (form.action.as_str(), form.is_post),
            ("/login?a=1&b=2", true)
        );
        assert!(page.text.contains("Who & where?"));
        assert!(form.has_field("username") && !form.has_field("outside"));
        assert!(form.has_button("go", "2") && !form.has_button("no", "no"));
        let kept = [("ticket", "a\"b"), ("on", "1")];
        let filled = form.filled_in(&[("username", "you"), ("password", "hush")]);
        let typed = [("username", "you"), ("password", "hush"), ("go", "1")];
        assert_eq!(pairs(&filled), [&kept[..], &typed].concat());
        let standing = [
            ("ticket", "a\"b"),
            ("username", "me"),
            ("password", ""),
            ("on", "1"),
        ];
        assert_eq!(
            pairs(&form.pressed("go", "2")),
            [&standing[..], &[("go", "2")]].concat()
        );
    }

    proptest! {
        #[test]
        fn no_page_is_too_broken_to_be_read(page in "(<|>|/|=|\"|form|input|name|a| |&|;|é){0,60}") {
            let _ = Html::read(page.as_bytes());
        }
    }
}
