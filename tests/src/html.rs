//! Pages, as a browser reads them: their elements, their words and their forms.

use std::collections::BTreeMap;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// An element and its attributes. Which one stands inside which is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The name of its tag.
    pub name: String,
    /// Its attributes, unescaped.
    pub attributes: BTreeMap<String, String>,
}

impl Element {
    /// An attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is_button(&self) -> bool {
        self.name == "button"
    }

    /// Name and value, as a form sends them.
    fn pair(&self) -> Option<(String, String)> {
        let name = self.attribute("name")?;
        let value = self.attribute("value").unwrap_or_default();
        Some((name.to_owned(), value.to_owned()))
    }
}

/// A form and its controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// How it goes there.
    pub method: String,
    /// Its inputs and buttons, in their order.
    pub controls: Vec<Element>,
}

impl Form {
    /// The fields as they stand, hidden ones too; no button is pressed.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        let fields = self.controls.iter().filter(|one| !one.is_button());
        let pairs = fields.filter_map(Element::pair);
        // The HTML standard §4.10.22.4: lines end like this, whatever they ended with before.
        pairs
            .map(|(name, value)| (name, value.replace('\n', "\r\n")))
            .collect()
    }

    /// The value of a field; none if there is no such field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = self.fields().into_iter();
        fields.find_map(|(one, value)| (one == name).then_some(value))
    }

    /// The values of its buttons, in their order.
    #[must_use]
    pub fn buttons(&self) -> Vec<String> {
        let buttons = self.controls.iter().filter(|one| one.is_button());
        buttons
            .map(|button| button.attribute("value").unwrap_or_default().to_owned())
            .collect()
    }

    /// What is sent with these fields filled in and the button with this value pressed, if one is.
    #[must_use]
    pub fn filled_in(
        &self,
        values: &[(&str, &str)],
        button: Option<&str>,
    ) -> Vec<(String, String)> {
        let mut pairs = self.fields();
        for (name, value) in values {
            let field = pairs.iter_mut().find(|(one, _)| one == name);
            let (_, field) = field.unwrap_or_else(|| panic!("no field {name}: {self:?}"));
            (*value).clone_into(field);
        }
        if let Some(value) = button {
            let mut buttons = self.controls.iter().filter(|one| one.is_button());
            let pressed = buttons.find(|one| one.attribute("value") == Some(value));
            let pressed = pressed.unwrap_or_else(|| panic!("no button {value}: {self:?}"));
            pairs.extend(pressed.pair());
        }
        pairs
    }
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its elements, in their order.
    pub elements: Vec<Element>,
    /// Its forms.
    pub forms: Vec<Form>,
    /// What is to be read, with single spaces.
    pub text: String,
}

impl Page {
    /// Reads a page.
    #[must_use]
    pub fn read(html: &str) -> Self {
        let mut emitter = DefaultEmitter::default();
        // Scripts, styles and titles hold no tags.
        emitter.naively_switch_states(true);
        let mut page = Self::default();
        let mut inside_form = false;
        let mut is_read = true;
        let mut text = String::new();
        for token in Tokenizer::new_with_emitter(html, emitter) {
            match token {
                Ok(Token::StartTag(tag)) => {
                    text.push(' ');
                    let attributes = tag.attributes.iter();
                    let attributes =
                        attributes.map(|(name, value)| (utf8(name), utf8(&value.value)));
                    let element = Element {
                        name: utf8(&tag.name),
                        attributes: attributes.collect(),
                    };
                    inside_form |= element.name == "form";
                    is_read = !["script", "style"].contains(&&*element.name);
                    page.add(element, inside_form);
                }
                Ok(Token::EndTag(tag)) => {
                    text.push(' ');
                    inside_form &= utf8(&tag.name) != "form";
                    is_read = true;
                }
                Ok(Token::String(words)) if is_read => text.push_str(&utf8(&words.value)),
                _ => {}
            }
        }
        page.text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        page
    }

    fn add(&mut self, element: Element, inside_form: bool) {
        let attribute = |name| element.attribute(name).unwrap_or_default();
        if element.name == "form" {
            self.forms.push(Form {
                action: attribute("action").to_owned(),
                method: attribute("method").to_ascii_lowercase(),
                controls: Vec::new(),
            });
        } else if inside_form
            && matches!(&*element.name, "input" | "button")
            && let Some(form) = self.forms.last_mut()
        {
            form.controls.push(element.clone());
        }
        self.elements.push(element);
    }

    /// Its elements of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<&Element> {
        let elements = self.elements.iter();
        elements.filter(|element| element.name == name).collect()
    }

    /// Its one form.
    #[must_use]
    pub fn form(&self) -> &Form {
        let [form] = &self.forms[..] else {
            panic!("not one form: {self:?}");
        };
        form
    }

    /// What its form carries.
    #[must_use]
    pub fn ticket(&self) -> String {
        self.form().field("ticket").expect("a ticket")
    }
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
