//! `kill -9` under load, again and again: nothing that was answered is lost (DESIGN §5), and grants go on.

use std::collections::BTreeMap;
use std::fs;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use countersign_tests::{
    Cookies, Home, Kind, PATIENCE, REDIRECT_URI, Request, Server, TestClient, TestUser, Tokens,
    VERIFIER, eventually, jwt,
};

/// How often the server is killed.
const KILLS: u64 = 50;

/// How many changes must have been answered before each of them.
const ENOUGH: u32 = 10;

/// How many threads rotate and revoke. Each has grants of its own, so it knows all that was answered about them.
const THREADS: usize = 4;

/// How many grants each of them has at a time. Not a divisor of [`ROUND`], so that each is asked for everything.
const GRANTS: usize = 5;

/// Of so many requests, one ends a grant, four end an access token, and the others rotate. To sign in takes as long as
/// ten of them.
const ROUND: usize = 32;

/// A name that does not change with the port.
const ISSUER: [&str; 2] = ["--issuer", "http://localhost"];

/// A window that no slow machine misses, and room for the grants of sign-ins that were never answered.
const VARIABLES: [(&str, &str); 2] = [
    ("COUNTERSIGN_REFRESH__RETRY_WINDOW", "600"),
    ("COUNTERSIGN_REFRESH__MAX_GRANTS", "10000"),
];

/// How long nobody adds a client.
const PAUSE: Duration = Duration::from_millis(40);

/// The generation of each grant in storage, by its id.
type Generations = BTreeMap<String, u64>;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Rotation,
    EndOfGrant,
    EndOfToken,
}

impl Asked {
    const fn in_turn(turn: usize) -> Self {
        match turn % ROUND {
            3 | 11 | 19 | 27 => Self::EndOfToken,
            31 => Self::EndOfGrant,
            _ => Self::Rotation,
        }
    }
}

/// A grant, as far as its client knows.
#[derive(Debug)]
struct Chain {
    /// Those of the last answer.
    tokens: Tokens,
    /// How many rotations were answered.
    rotations: u64,
    /// Whether the end of the access token was answered.
    token_ended: bool,
    /// What was asked for when the server was killed.
    in_flight: Option<Asked>,
}

/// A code whose answer came, and whose tokens did not.
#[derive(Debug)]
struct Code {
    text: String,
    /// Whether the server was killed while it was redeemed.
    in_flight: bool,
}

/// What one thread knows.
#[derive(Debug, Default)]
struct Known {
    live: Vec<Chain>,
    /// The cookies of the thread's browser, in which the user is signed in.
    cookies: Cookies,
    code: Option<Code>,
    /// How many grants were asked for.
    begun: u32,
    /// How many codes were answered.
    codes: u32,
    /// How many requests were sent; what the next one is for.
    turn: usize,
    /// Grants whose end was answered.
    ended: Vec<Tokens>,
    /// Access tokens whose end was answered, of grants that live.
    ended_tokens: Vec<String>,
    /// How many rotations were done, and their answers lost.
    retried: u32,
}

/// Who talks to the server.
struct Party {
    client: TestClient,
    user: TestUser,
    /// How many changes were answered under load.
    answered: AtomicU32,
}

impl Party {
    /// Signs in, rotates and ends what it has, until the server is killed.
    fn load(&self, server: &Server, known: &mut Known) {
        loop {
            while known.live.len() < GRANTS {
                known.begun += 1;
                // One by password, the others by code, which costs no hash.
                let chain = if known.begun.is_multiple_of(4) {
                    self.sign_in(server)
                } else {
                    self.authorize(server, known)
                };
                let Some(chain) = chain else {
                    return;
                };
                known.live.push(chain);
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
            known.turn += 1;
            let at = known.turn % GRANTS;
            let asked = Asked::in_turn(known.turn);
            if !self.ask(server, &mut known.live[at], asked) {
                return;
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
            match asked {
                Asked::Rotation => {}
                Asked::EndOfGrant => known.ended.push(known.live.swap_remove(at).tokens),
                Asked::EndOfToken => known
                    .ended_tokens
                    .push(known.live[at].tokens.access.clone()),
            }
        }
    }

    /// Signs the user in; none if the server was killed meanwhile.
    fn sign_in(&self, server: &Server) -> Option<Chain> {
        let call = server.post("/oauth2/token").basic(&self.client);
        let answer = call.form(&self.user.form()).try_send().ok()?;
        Some(Chain {
            tokens: answer.tokens(),
            rotations: 0,
            token_ended: false,
            in_flight: None,
        })
    }

    /// Gets tokens by a code, with the browser; none if the server was killed meanwhile.
    fn authorize(&self, server: &Server, known: &mut Known) -> Option<Chain> {
        let request = Request::of(&self.client.id).with("scope", "read");
        let call = server.call("GET", &request.path());
        let answer = call.header("cookie", known.cookies.header()).try_send();
        let answer = answer.ok()?;
        assert_eq!(answer.kind(), Kind::Response, "the session was lost");
        let code = answer.response().code();
        known.codes += 1;
        known.code = Some(Code {
            text: code,
            in_flight: false,
        });
        self.redeem(server, known)
    }

    /// Redeems the code that the thread has; none if the server was killed meanwhile.
    fn redeem(&self, server: &Server, known: &mut Known) -> Option<Chain> {
        let code = known.code.as_mut().expect("it has one");
        code.in_flight = true;
        let more = [("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)];
        let call = server.redeeming(&self.client, &code.text, &more);
        let answer = call.try_send().ok()?;
        known.code = None;
        Some(Chain {
            tokens: answer.tokens(),
            rotations: 0,
            token_ended: false,
            in_flight: None,
        })
    }

    /// A code that was answered is good after the server was killed, unless it was redeemed and nobody was told.
    fn look_at_code(&self, server: &Server, known: &mut Known) {
        match &known.code {
            None => {}
            Some(Code { text, in_flight }) if *in_flight => {
                let answer = server.redeem(&self.client, text);
                known.code = None;
                if answer.status == 200 {
                    return;
                }
                let expected = (400, "invalid_grant".into());
                assert_eq!(answer.refusal(), expected, "a replay, which ends the grant");
            }
            Some(_) => {
                let _ = self
                    .redeem(server, known)
                    .expect("nobody kills the server now");
            }
        }
    }

    /// Asks for one thing; whether that was answered.
    fn ask(&self, server: &Server, chain: &mut Chain, asked: Asked) -> bool {
        chain.in_flight = Some(asked);
        let Tokens { access, refresh } = &chain.tokens;
        let call = match asked {
            Asked::Rotation => server.refreshing(&self.client, refresh, &[]),
            Asked::EndOfGrant => server.revoking(&self.client, refresh),
            Asked::EndOfToken => server.revoking(&self.client, access),
        };
        let Ok(answer) = call.try_send() else {
            return false;
        };
        assert_eq!(answer.status, 200, "{asked:?}: {}", answer.text());
        chain.in_flight = None;
        match asked {
            Asked::Rotation => {
                chain.tokens = answer.tokens();
                chain.rotations += 1;
                chain.token_ended = false;
            }
            Asked::EndOfGrant => {}
            Asked::EndOfToken => chain.token_ended = true,
        }
        true
    }

    /// Looks whether all that was answered is so, and brings every grant to a known state.
    fn look(&self, server: &Server, stored: &Generations, known: &mut Known) {
        self.look_at_code(server, known);
        for mut chain in mem::take(&mut known.live) {
            if let Some(generation) = stored.get(&jwt::grant(&chain.tokens.access)) {
                let done = self.go_on(server, &mut chain, *generation);
                known.retried += u32::from(done == Some(Asked::Rotation));
                known.live.push(chain);
            } else {
                // It was done, and nobody was told.
                assert_eq!(chain.in_flight, Some(Asked::EndOfGrant), "a grant was lost");
                known.ended.push(chain.tokens);
            }
        }
    }

    /// Goes on with a grant that is in storage. Gives what was done without an answer, if that is known.
    ///
    /// A rotation that was done and not answered needs a retry, and RULES R2 take the third generation in a row that
    /// needs one for reuse. So once the retry is answered, the grant goes on for one generation more, which no kill
    /// disturbs: however often the server is killed, there are never two in a row.
    fn go_on(&self, server: &Server, chain: &mut Chain, generation: u64) -> Option<Asked> {
        let asked = chain.in_flight.take();
        let access = chain.tokens.access.clone();
        let token_ended = chain.token_ended;
        let retry = asked == Some(Asked::Rotation) && generation == chain.rotations + 1;
        assert!(
            retry || generation == chain.rotations,
            "{asked:?}, {generation}: {chain:?}"
        );
        // The retry of a rotation counts as the rotation; what was not done is done now.
        for _ in 0..2 {
            assert!(
                self.ask(server, chain, Asked::Rotation),
                "nobody kills the server now"
            );
            assert!(server.is_active(&self.client, &chain.tokens.access));
        }
        let may_be_ended = token_ended || asked == Some(Asked::EndOfToken);
        assert!(
            may_be_ended || server.is_active(&self.client, &access),
            "an access token was lost"
        );
        retry.then_some(Asked::Rotation)
    }

    /// Whatever has ended stays so.
    fn assert_ended(&self, server: &Server, known: &Known) {
        for token in &known.ended_tokens {
            assert!(
                !server.is_active(&self.client, token),
                "an access token is back"
            );
        }
        for tokens in &known.ended {
            let refused = server.refresh(&self.client, &tokens.refresh).refusal();
            assert_eq!(refused, (400, "invalid_grant".into()), "a grant is back");
            assert!(
                !server.is_active(&self.client, &tokens.access),
                "of a grant that has ended"
            );
        }
    }
}

/// All that the threads know is so.
fn look(home: &Home, server: &Server, party: &Party, all: &mut [Known]) {
    let stored = &home.generations();
    thread::scope(|scope| {
        for known in all {
            scope.spawn(move || {
                party.look(server, stored, known);
                party.assert_ended(server, known);
            });
        }
    });
}

/// Loads the server and kills it after `pause`. Gives the clients that were added meanwhile by commands, which are not
/// killed.
fn load(
    home: &Home,
    server: &Server,
    party: &Party,
    all: &mut [Known],
    kill: u64,
) -> Vec<TestClient> {
    let pause = Duration::from_millis(50 + kill * 97 % 251);
    let killed = &AtomicBool::new(false);
    thread::scope(|scope| {
        for known in all {
            scope.spawn(move || party.load(server, known));
        }
        let adding = scope.spawn(move || {
            let mut added = Vec::new();
            while !killed.load(Ordering::Relaxed) {
                let id = format!("added-{kill}-{}", added.len());
                added.push(home.add_client(&id, &[]));
                // Most of the machine is for the server.
                thread::sleep(PAUSE);
            }
            added
        });
        let before = party.answered.load(Ordering::Relaxed);
        thread::sleep(pause);
        // A slow machine takes longer to do something that could be lost.
        let enough = || {
            let answered = party.answered.load(Ordering::Relaxed) - before;
            (answered >= ENOUGH).then_some(())
        };
        assert!(
            eventually(PATIENCE, enough).is_some(),
            "the server answers nothing"
        );
        server.strike();
        killed.store(true, Ordering::Relaxed);
        adding.join().expect("clients can be added")
    })
}

/// A client that gets its tokens in every way that involves a user.
fn add_client(home: &Home) -> TestClient {
    let more = ["--scope", "read", "--redirect-uri", REDIRECT_URI];
    let code = ["--grant-type", "authorization_code"];
    home.add_password_client("app", &[&more[..], &code].concat())
}

/// Signs the user in with the browser of each thread. None of them signs in again: the sessions survive.
fn sign_in(home: &Home, party: &Party, all: &mut [Known]) {
    let server = home.serve_with(&ISSUER, &VARIABLES);
    let request = Request::of(&party.client.id).with("scope", "read");
    for known in all {
        let mut browser = server.browser();
        let _ = browser.go(&request, &party.user).code();
        known.cookies = browser.cookies;
    }
    server.stop();
}

#[test]
fn what_was_answered_survives_kill_9_under_load() {
    let home = Home::with_keys();
    let party = Party {
        client: add_client(&home),
        user: home.add_user("alice"),
        answered: AtomicU32::new(0),
    };
    let mut all: Vec<Known> = (0..THREADS).map(|_| Known::default()).collect();
    sign_in(&home, &party, &mut all);
    // What was seen to be so once is looked at again at the end.
    let mut earlier = Known::default();
    let mut clients = Vec::new();
    for kill in 0..KILLS {
        let mut server = home.serve_with(&ISSUER, &VARIABLES);
        look(&home, &server, &party, &mut all);
        for known in &mut all {
            earlier.ended.append(&mut known.ended);
            earlier.ended_tokens.append(&mut known.ended_tokens);
        }
        clients.extend(load(&home, &server, &party, &mut all, kill));
        server.kill();
    }
    let server = home.serve_with(&ISSUER, &VARIABLES);
    look(&home, &server, &party, &mut all);
    party.assert_ended(&server, &earlier);
    for client in &clients {
        let _ = server.issue(client, &[]);
    }
    server.stop();

    // A copy takes every page of the database, and is good only if every page is.
    let _ = home.json(&["backup", "backup.db"]);
    let copy = home.path().join("backup.db");
    fs::copy(copy, home.data_dir().join("countersign.db")).unwrap();
    let server = home.serve_with(&ISSUER, &VARIABLES);
    look(&home, &server, &party, &mut all);
    party.assert_ended(&server, &earlier);

    let answered = party.answered.into_inner();
    let retried: u32 = all.iter().map(|known| known.retried).sum();
    let codes: u32 = all.iter().map(|known| known.codes).sum();
    let ended = earlier.ended.len() + earlier.ended_tokens.len();
    println!(
        "{KILLS} kills: {answered} changes answered, {ended} of them ends, {retried} rotations done and not answered, {codes} codes, {} clients added",
        clients.len()
    );
    assert!(
        retried > 0,
        "no kill came between a rotation and its answer"
    );
    assert!(ended > 0 && codes > 0 && !clients.is_empty());
}
