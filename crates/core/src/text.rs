//! What all types have in common that are texts of a checked form, or names out of a list.

/// For a tuple struct around `Box<str>` with a checking `FromStr`: the conversions, `Display` and `Debug` that
/// follow from being a text. The one way to make a value stays `FromStr`.
macro_rules! checked_text {
    ($type:ident, $error:ty) => {
        impl $type {
            /// The text, as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(checked: $type) -> Self {
                checked.0.into()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// For an enum with `ALL` and `name`: `Display` writes the name, and `FromStr` reads it or tells which names there are.
macro_rules! named_enum {
    ($type:ident, $kind:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                crate::UnknownName::find($kind, text, &Self::ALL, Self::name)
            }
        }
    };
}

pub(crate) use checked_text;
pub(crate) use named_enum;
