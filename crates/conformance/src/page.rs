//! Where a request comes to rest: at a page, or with the client.

use url::Url;

use crate::finding::Finding;
use crate::html::{Form, Html};
use crate::http::Answer;
use crate::response::Response;

/// What a page is for, as its form tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SignIn,
    SelectAccount,
    Consent,
    SignOut,
    /// No form of these: an error, or the end of the way.
    Other,
}

/// A page that the target shows.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) kind: Kind,
    pub(crate) url: Url,
    pub(crate) html: Html,
    pub(crate) answer: Answer,
    /// Where the form that makes it of its kind stands among the forms.
    pub(crate) form_at: usize,
}

impl Page {
    /// The form that makes it what it is.
    pub(crate) fn form(&self) -> Result<&Form, Finding> {
        let form = self.html.forms.get(self.form_at);
        form.ok_or_else(|| self.answer.fails("a page with a form", self.summary()))
    }

    pub(crate) fn summary(&self) -> String {
        format!("a page ({:?}) with HTTP {}", self.kind, self.answer.status)
    }

    /// The page, if it is of this kind; else the failure.
    pub(crate) fn of(self, kind: Kind) -> Result<Self, Finding> {
        if self.kind == kind {
            return Ok(self);
        }
        let expected = format!("a page ({kind:?}), with a form as [pages] describes it");
        Err(self.answer.fails(expected, self.summary()))
    }
}

/// Where a request comes to rest.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// The user is asked, or told something.
    Page(Box<Page>),
    /// The user has left for the client.
    Response(Box<Response>),
}

impl Stop {
    /// The page; else the failure.
    pub(crate) fn page(self) -> Result<Page, Finding> {
        match self {
            Self::Page(page) => Ok(*page),
            Self::Response(response) => Err(response.fails("a page, and no answer to the client")),
        }
    }

    /// The answer to the client; else the failure.
    pub(crate) fn response(self) -> Result<Response, Finding> {
        match self {
            Self::Page(page) => {
                let expected = "an answer to the client, without a page";
                Err(page.answer.fails(expected, page.summary()))
            }
            Self::Response(response) => Ok(*response),
        }
    }

    /// The HTTP answer that it rests on.
    pub(crate) fn answer(&self) -> &Answer {
        match self {
            Self::Page(page) => &page.answer,
            Self::Response(response) => &response.answer,
        }
    }

    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Page(page) => page.summary(),
            Self::Response(response) => response.summary(),
        }
    }
}
