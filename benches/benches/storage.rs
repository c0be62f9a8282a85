//! Storing grants and rotating their refresh tokens, durable, with many writers at once: in turns with bare SQLite that
//! commits each change for itself, on the same file, so that both see the same machine and disk at the same time.
//!
//! What is measured is a rate over many threads, which Criterion does not; so this program has no other harness.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_benches::{NOW, OsRandom};
use countersign_core::{
    Client, ClientSettings, CurrentRefresh, EntityId, EntityIds, Generation, Grant, GrantLifetime,
    GrantType, GrantUser, NewClient, NewUser, Random, User, UserProfile,
};
use countersign_storage::{
    CreateClient, CreateGrant, CreateUser, GrantLimits, RefreshOutcome, SeenRefresh, Store,
};
use countersign_storage_sqlite::SqliteStore;
use rusqlite::{Connection, params};

/// More than any user of these gets.
const LIMITS: GrantLimits = GrantLimits {
    of_client: 1_000,
    unredeemed: 1_000,
};

/// How many callers write at once.
const WRITERS: usize = 64;
/// How many grants lie in the database while tokens are rotated.
const GRANTS: usize = 1_000_000;
/// How many grants one user has.
const GRANTS_PER_USER: usize = 50;
/// How often cost and floor take turns, and how many changes each makes in one turn.
const TURNS: usize = 7;
const CHANGES: usize = 6_400;
const FLOOR_CHANGES: usize = 400;

type Tokens = Vec<SeenRefresh>;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("grants.db");
    let store = SqliteStore::open(&file, &OsRandom).expect("a new database");
    let store: Arc<dyn Store> = Arc::new(store);
    runtime.block_on(measure(store, &file));
}

async fn measure(store: Arc<dyn Store>, file: &Path) {
    let floor = Floor::open(file);
    let bench = Bench::prepare(Arc::clone(&store)).await;

    let mut inserts = Rates::default();
    for _ in 0..TURNS {
        let (grants, bare) = (bench.new_grants(CHANGES), bench.new_grants(FLOOR_CHANGES));
        inserts.cost(bench.insert(&grants).await, CHANGES);
        inserts.floor(floor.insert(&bare), FLOOR_CHANGES);
    }

    let before = bytes(file);
    let grants = bench.new_grants(GRANTS);
    let _ = bench.insert(&grants).await;
    floor.bring_log_home();
    let per_grant = (bytes(file) - before) / GRANTS as u64;

    let mut rotations = Rates::default();
    let mut tokens: Tokens = grants.iter().filter_map(SeenRefresh::of).collect();
    // Any grants may be refreshed next, not those that lie together.
    let stride = GRANTS / (TURNS * (CHANGES + FLOOR_CHANGES)) - 1;
    let mut picked: Tokens = tokens.drain(..).step_by(stride.max(1)).collect();
    for _ in 0..TURNS {
        let turn: Tokens = picked.drain(..CHANGES).collect();
        let bare: Tokens = picked.drain(..FLOOR_CHANGES).collect();
        rotations.cost(bench.rotate(turn).await, CHANGES);
        rotations.floor(floor.rotate(&bare), FLOOR_CHANGES);
    }
    report(&inserts, &rotations, per_grant);
}

/// A client and users whose grants are stored.
struct Bench {
    store: Arc<dyn Store>,
    client: Client,
    users: Vec<User>,
    ids: EntityIds,
}

impl Bench {
    async fn prepare(store: Arc<dyn Store>) -> Self {
        let new = NewClient {
            id: EntityId::generate(NOW, &OsRandom),
            client_id: "app".parse().expect("a well-formed client id"),
            secrets: Vec::new(),
            settings: ClientSettings::new(vec![GrantType::RefreshToken]),
            created_at: NOW,
        };
        let created = store.create_client(new).await;
        let Ok(CreateClient::Created(client)) = created else {
            unreachable!("a new database has no client: {created:?}");
        };
        let count = (GRANTS + 2 * TURNS * CHANGES) / GRANTS_PER_USER;
        let users = (0..WRITERS).map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut users = Vec::new();
                for number in (writer..count).step_by(WRITERS) {
                    let new = NewUser {
                        id: EntityId::generate(NOW, &OsRandom),
                        username: format!("user-{number}").parse().expect("a username"),
                        password: None,
                        profile: UserProfile::default(),
                        created_at: NOW,
                    };
                    if let Ok(CreateUser::Created(user)) = store.create_user(new).await {
                        users.push(user);
                    }
                }
                users
            })
        });
        let users: Vec<_> = users.collect();
        let mut all = Vec::new();
        for some in users {
            all.extend(some.await.expect("no writer panics"));
        }
        assert_eq!(all.len(), count, "every user is stored");
        Self {
            store,
            client,
            users: all,
            ids: EntityIds::new(),
        }
    }

    fn new_grants(&self, count: usize) -> Vec<Grant> {
        let users = self.users.iter().cycle();
        users.take(count).map(|user| self.grant(user)).collect()
    }

    fn grant(&self, user: &User) -> Grant {
        Grant {
            id: self.ids.next(NOW, &OsRandom).into(),
            client: self.client.id,
            client_epoch: self.client.epoch,
            user: Some(GrantUser {
                id: user.id,
                epoch: user.epoch,
            }),
            scope: "read write offline_access".parse().expect("a scope"),
            resources: Vec::new(),
            created_at: NOW,
            lifetime: GrantLifetime {
                ends_at: NOW.plus(31_536_000),
                idle: 2_592_000,
            },
            refresh: Some(refresh(Generation::FIRST)),
            authorization: None,
        }
    }

    async fn insert(&self, grants: &[Grant]) -> Duration {
        let start = Instant::now();
        // In turns, so that grants come to be in the order of their ids, as they do where each is made when it is asked for.
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let grants: Vec<Grant> = grants
                    .iter()
                    .skip(writer)
                    .step_by(WRITERS)
                    .cloned()
                    .collect();
                let store = Arc::clone(&self.store);
                tokio::spawn(async move {
                    for grant in grants {
                        let created = store.create_grant(grant, LIMITS).await;
                        assert!(
                            matches!(created, Ok(CreateGrant::Created { .. })),
                            "{created:?}"
                        );
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("no writer panics");
        }
        start.elapsed()
    }

    async fn rotate(&self, tokens: Tokens) -> Duration {
        let start = Instant::now();
        let writers: Vec<_> = tokens
            .chunks(tokens.len().div_ceil(WRITERS))
            .map(|tokens| {
                let (store, tokens) = (Arc::clone(&self.store), tokens.to_vec());
                tokio::spawn(async move {
                    for seen in tokens {
                        let next = refresh(seen.generation.next().expect("the second"));
                        let outcome = store.rotate_refresh(seen, next).await;
                        assert_eq!(outcome, Ok(RefreshOutcome::Done));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("no writer panics");
        }
        start.elapsed()
    }
}

fn refresh(generation: Generation) -> CurrentRefresh {
    CurrentRefresh {
        generation,
        nonce: (&OsRandom as &dyn Random).bytes(),
        key: "AAECAwQFBgcICQoL".parse().expect("a key id"),
        used_at: NOW,
        previous_tag: (generation > Generation::FIRST).then_some([7; 8]),
        retried_in_a_row: 0,
        retried: false,
    }
}

/// Bare SQLite, as durable as ours: one statement, one transaction.
struct Floor(Connection);

impl Floor {
    fn open(file: &Path) -> Self {
        let connection = Connection::open(file).expect("the database is there");
        connection
            .busy_timeout(Duration::from_secs(5))
            .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
            .expect("a connection can be set up");
        Self(connection)
    }

    fn insert(&self, grants: &[Grant]) -> Duration {
        let sql = "INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, look_at, \
                   generation, nonce, key, used_at, retried_in_a_row, retried, scope) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?6, 0, 0, ?12)";
        let mut statement = self.0.prepare(sql).expect("a statement on grants");
        let start = Instant::now();
        for grant in grants {
            let refresh = grant.refresh.as_ref().expect("every grant here has one");
            let user = grant.user.expect("and a user");
            let row = params![
                grant.id.as_bytes(),
                grant.client.as_bytes(),
                grant.client_epoch.number().cast_signed(),
                user.id.as_bytes(),
                user.epoch.number().cast_signed(),
                NOW.as_seconds(),
                grant.lifetime.ends_at.as_seconds(),
                grant.lifetime.idle,
                grant.row_ends_at().as_seconds(),
                refresh.nonce,
                refresh.key.as_str(),
                grant.scope.to_string(),
            ];
            statement.execute(row).expect("a new grant is stored");
        }
        start.elapsed()
    }

    fn rotate(&self, tokens: &[SeenRefresh]) -> Duration {
        let sql = "UPDATE grants SET generation = generation + 1, nonce = ?2, used_at = ?3, previous_tag = ?4 \
                   WHERE id = ?1 AND generation = 0";
        let mut statement = self.0.prepare(sql).expect("a statement on grants");
        let start = Instant::now();
        for seen in tokens {
            let nonce: [u8; 16] = (&OsRandom as &dyn Random).bytes();
            let row = params![seen.grant.as_bytes(), nonce, NOW.as_seconds(), [7_u8; 8]];
            let changed = statement.execute(row).expect("the grant is there");
            assert_eq!(changed, 1);
        }
        start.elapsed()
    }

    fn bring_log_home(&self) {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let mut statement = self.0.prepare(sql).expect("a pragma");
        statement.query_row([], |_| Ok(())).expect("a checkpoint");
    }
}

fn bytes(file: &Path) -> u64 {
    std::fs::metadata(file)
        .expect("the database is there")
        .len()
}

/// Changes a second, turn by turn.
#[derive(Default)]
struct Rates {
    costs: Vec<f64>,
    floors: Vec<f64>,
}

impl Rates {
    fn cost(&mut self, took: Duration, changes: usize) {
        self.costs.push(rate(took, changes));
    }

    fn floor(&mut self, took: Duration, changes: usize) {
        self.floors.push(rate(took, changes));
    }

    /// The median of the ratios of the turns.
    fn ratio(&self) -> f64 {
        let ratios = self.costs.iter().zip(&self.floors);
        median(ratios.map(|(cost, floor)| cost / floor).collect())
    }
}

#[expect(clippy::cast_precision_loss, reason = "some thousands are exact")]
fn rate(took: Duration, changes: usize) -> f64 {
    changes as f64 / took.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints each ratio, and whether it is what was promised.
#[expect(
    clippy::print_stdout,
    reason = "the ratios are what this program is for"
)]
fn report(inserts: &Rates, rotations: &Rates, per_grant: u64) {
    println!(
        "{:<10} {:>6} {:>12} {:>12}",
        "durable", "ratio", "a second", "bare SQLite"
    );
    for (name, rates, goal) in [("insert", inserts, 10.0), ("rotate", rotations, 4.0)] {
        let verdict = if rates.ratio() >= goal {
            "met"
        } else {
            "MISSED"
        };
        println!(
            "{name:<10} {:>6.1} {:>12.0} {:>12.0}   at least {goal}: {verdict}",
            rates.ratio(),
            median(rates.costs.clone()),
            median(rates.floors.clone()),
        );
    }
    println!("{per_grant} bytes in the database file for each live grant, among {GRANTS} and more");
}
