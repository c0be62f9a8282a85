//! A small browser: it keeps cookies, follows redirects within the target, and fills in forms.

use reqwest::header::{COOKIE, LOCATION};
use url::Url;

use crate::authorization::Request;
use crate::cookies::Jar;
use crate::finding::Finding;
use crate::html::{Form, Html};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Judge};
pub(crate) use crate::page::{Kind, Page, Stop};
use crate::response::Response;
use crate::user::User;

/// How many redirects are followed in a row.
const REDIRECTS: usize = 10;
/// How many pages may stand between a request and its answer.
const PAGES: usize = 8;

/// Who sits before the browser, and what that user answers when asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'a> {
    pub(crate) user: &'a User,
    pub(crate) allows: bool,
    /// Whether the user stays with the account that is signed in already.
    pub(crate) keeps_account: bool,
}

impl<'a> Policy<'a> {
    /// Signs in and allows.
    pub(crate) const fn allow(user: &'a User) -> Self {
        Self {
            user,
            allows: true,
            keeps_account: true,
        }
    }

    /// Signs in and denies.
    pub(crate) const fn deny(user: &'a User) -> Self {
        Self {
            allows: false,
            ..Self::allow(user)
        }
    }
}

/// A request that was driven to its end.
pub(crate) struct Visit {
    /// The pages on the way, in their order.
    pub(crate) pages: Vec<Page>,
    pub(crate) response: Response,
}

impl Visit {
    /// The kinds of the pages on the way.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.pages.iter().map(|page| page.kind).collect()
    }

    pub(crate) fn saw(&self, kind: Kind) -> bool {
        self.kinds().contains(&kind)
    }
}

/// A browser with cookies of its own.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    judge: &'a Judge,
    jar: Jar,
}

impl Judge {
    /// A browser that has never been anywhere.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            judge: self,
            jar: Jar::default(),
        }
    }
}

impl<'a> Browser<'a> {
    pub(crate) const fn judge(&self) -> &'a Judge {
        self.judge
    }

    /// Sends one request with its cookies, and keeps those that come. No redirect is followed.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer, Finding> {
        let url = call.url().clone();
        let call = match self.jar.header(&url) {
            Some(cookies) => call.header(COOKIE, &cookies),
            None => call,
        };
        let answer = self.judge.send(&call).await?;
        self.jar.receive(&url, &answer.headers);
        Ok(answer)
    }

    /// Sends a request and follows redirects, until a page comes or the user leaves.
    pub(crate) async fn open(&mut self, call: Call) -> Result<Stop, Finding> {
        let mut url = call.url().clone();
        let mut answer = self.send(call).await?;
        for _ in 0..REDIRECTS {
            let Some(location) = location(&answer) else {
                return Ok(self.arrived(url, answer));
            };
            let Ok(next) = url.join(&location) else {
                return Err(answer.fails("a Location that is a URL", location));
            };
            if !self.is_home(&next) || self.judge.target.registers(&next) {
                let response = Response::by_redirect(next, answer);
                return Ok(Stop::Response(Box::new(response)));
            }
            answer = self.send(Call::get(&next)).await?;
            url = next;
        }
        Err(answer.fails(format!("at most {REDIRECTS} redirects in a row"), "more"))
    }

    /// Whether it is a place of the target itself.
    fn is_home(&self, url: &Url) -> bool {
        let endpoints = [Endpoint::Authorization, Endpoint::EndSession];
        let places = endpoints
            .into_iter()
            .filter_map(|one| self.judge.url(one).ok());
        let mut places = places.chain(self.judge.target.issuer_url().ok());
        places.any(|place| place.origin() == url.origin())
    }

    /// An answer that leads no further by itself: a page, or a form that leads to a client.
    fn arrived(&self, url: Url, answer: Answer) -> Stop {
        let html = Html::read(&answer.body);
        for form in html.forms.iter().filter(|form| form.is_post) {
            let Ok(action) = url.join(&form.action) else {
                continue;
            };
            if !self.is_home(&action) || self.judge.target.registers(&action) {
                let response = Response::by_form(action, form.fields(), answer);
                for (name, value) in &response.parameters {
                    self.judge.learn(name, value);
                }
                return Stop::Response(Box::new(response));
            }
        }
        let (kind, form_at) = self.kind(&html);
        Stop::Page(Box::new(Page {
            kind,
            url,
            html,
            answer,
            form_at,
        }))
    }

    /// What the page is for, and which of its forms says so.
    fn kind(&self, html: &Html) -> (Kind, usize) {
        let pages = &self.judge.target.pages;
        let of = |form: &Form| {
            if form.has_field(&pages.username_field) && form.has_field(&pages.password_field) {
                Kind::SignIn
            } else if form.has_button(&pages.consent_field, &pages.allow) {
                Kind::Consent
            } else if form.has_button(&pages.account_field, &pages.other_account) {
                Kind::SelectAccount
            } else if form.has_button(&pages.sign_out_field, &pages.sign_out) {
                Kind::SignOut
            } else {
                Kind::Other
            }
        };
        let mut kinds = html.forms.iter().map(of).enumerate();
        let known = kinds.find(|(_, kind)| *kind != Kind::Other);
        known.map_or((Kind::Other, 0), |(at, kind)| (kind, at))
    }

    /// Makes an authorization request, by GET.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Stop, Finding> {
        let url = self.judge.url(Endpoint::Authorization)?;
        self.open(Call::get(&url).query(&request.pairs())).await
    }

    /// Makes an authorization request, by POST.
    pub(crate) async fn ask_by_post(&mut self, request: &Request) -> Result<Stop, Finding> {
        let url = self.judge.url(Endpoint::Authorization)?;
        self.open(Call::post(&url).form(&request.pairs())).await
    }

    /// The request that sends the page's form with these values.
    pub(crate) fn submission(page: &Page, values: &[(String, String)]) -> Result<Call, Finding> {
        let form = page.form()?;
        let Ok(action) = page.url.join(&form.action) else {
            return Err(page
                .answer
                .fails("a form whose action is a URL", &*form.action));
        };
        let pairs: Vec<_> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Ok(if form.is_post {
            Call::post(&action).form(&pairs)
        } else {
            Call::get(&action).query(&pairs)
        })
    }

    /// The request that the sign-in page sends for this user.
    pub(crate) fn credentials(&self, page: &Page, user: &User) -> Result<Call, Finding> {
        let pages = &self.judge.target.pages;
        let (username, password) = user.credentials();
        let values = page.form()?.filled_in(&[
            (&pages.username_field, username),
            (&pages.password_field, password),
        ]);
        Self::submission(page, &values)
    }

    /// Fills in the sign-in page.
    pub(crate) async fn sign_in(&mut self, page: &Page, user: &User) -> Result<Stop, Finding> {
        let call = self.credentials(page, user)?;
        self.open(call).await
    }

    /// Presses a button of the page.
    pub(crate) async fn press(
        &mut self,
        page: &Page,
        name: &str,
        value: &str,
    ) -> Result<Stop, Finding> {
        let call = Self::submission(page, &page.form()?.pressed(name, value))?;
        self.open(call).await
    }

    /// Answers the consent page.
    pub(crate) async fn consent(&mut self, page: &Page, allows: bool) -> Result<Stop, Finding> {
        let pages = &self.judge.target.pages;
        let value = if allows { &pages.allow } else { &pages.deny };
        self.press(page, &pages.consent_field, value).await
    }

    /// Stays with the account that is signed in, or asks for another one.
    pub(crate) async fn select_account(
        &mut self,
        page: &Page,
        keeps: bool,
    ) -> Result<Stop, Finding> {
        let pages = &self.judge.target.pages;
        let value = if keeps {
            &pages.current_account
        } else {
            &pages.other_account
        };
        self.press(page, &pages.account_field, value).await
    }

    /// Answers the page that asks whether to sign out.
    pub(crate) async fn sign_out(&mut self, page: &Page, leaves: bool) -> Result<Stop, Finding> {
        let pages = &self.judge.target.pages;
        let value = if leaves { &pages.sign_out } else { &pages.stay };
        self.press(page, &pages.sign_out_field, value).await
    }

    /// Goes on from here until the user leaves for the client.
    pub(crate) async fn finish(
        &mut self,
        mut stop: Stop,
        policy: &Policy<'_>,
    ) -> Result<Visit, Finding> {
        let mut pages: Vec<Page> = Vec::new();
        loop {
            let page = match stop {
                Stop::Response(response) => {
                    let response = *response;
                    return Ok(Visit { pages, response });
                }
                Stop::Page(page) => *page,
            };
            let again = pages.last().is_some_and(|last| last.kind == page.kind);
            if again || pages.len() == PAGES {
                let expected = "a way to an answer for the client";
                return Err(page
                    .answer
                    .fails(expected, format!("{} again", page.summary())));
            }
            stop = match page.kind {
                Kind::SignIn => self.sign_in(&page, policy.user).await?,
                Kind::Consent => self.consent(&page, policy.allows).await?,
                Kind::SelectAccount => self.select_account(&page, policy.keeps_account).await?,
                Kind::SignOut | Kind::Other => {
                    let expected = "an answer for the client, or a page that leads to one";
                    return Err(page.answer.fails(expected, page.summary()));
                }
            };
            pages.push(page);
        }
    }

    /// Makes a request and drives it to its end, which has to be at its redirect URI.
    pub(crate) async fn visit(
        &mut self,
        request: &Request,
        policy: &Policy<'_>,
    ) -> Result<Visit, Finding> {
        let stop = self.ask(request).await?;
        let visit = self.finish(stop, policy).await?;
        let redirect_uri = request.get("redirect_uri").unwrap_or_default();
        let response = &visit.response;
        response.answer.demand_or(
            response.is_at(redirect_uri),
            format!("an answer at {redirect_uri}"),
            response.url.as_str(),
        )?;
        Ok(visit)
    }
}

fn location(answer: &Answer) -> Option<String> {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308)
        .then(|| answer.header(&LOCATION))
        .filter(|location| !location.is_empty())
}
