//! The threads of a store: one that writes in groups, and a few that read.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use countersign_storage::StoreError;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::failure::{Failure, Result, commit_error, store_error};
use crate::sql;

/// How many commands, and how many questions, may wait; more are refused as unavailable.
const QUEUE: usize = 8_192;
/// How many commands share one transaction at most, which bounds how long it lasts (RULES N1: 5 s).
const GROUP: usize = 256;
/// After how long without rest the writer gives way to other processes, and for how long: SQLite's write lock knows
/// no queue, so without a pause a busy server would starve a command that is run beside it.
const BUSY_STRETCH: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(3);

type Reply<T> = oneshot::Sender<std::result::Result<T, StoreError>>;
type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The queues of a store and the threads behind them.
pub(crate) struct Workers {
    writes: Option<Sender<Box<dyn Command>>>,
    reads: Option<Sender<Question>>,
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
}

/// One command in the writer's queue.
trait Command: Send {
    /// Does the work and remembers the outcome; whether its changes are to be kept.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells the outcome, unless the command succeeded and its transaction did not.
    fn answer(self: Box<Self>, transaction: std::result::Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    outcome: Option<std::result::Result<T, StoreError>>,
    reply: Reply<T>,
}

impl<T, F> Command for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let outcome = self.work.take().map(|work| guarded(work, connection));
        let keep = matches!(outcome, Some(Ok(_)));
        self.outcome = outcome;
        keep
    }

    fn answer(self: Box<Self>, transaction: std::result::Result<(), StoreError>) {
        let answer = match (self.outcome, transaction) {
            (Some(Ok(outcome)), Ok(())) => Ok(outcome),
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (None, Ok(())) => Err(StoreError::Defect("a command was never run".into())),
        };
        // Nobody may be listening any more; what was done stays done.
        let _ = self.reply.send(answer);
    }
}

/// The outcome of `work`; a panic is one, too, and ends no thread.
fn guarded<T>(
    work: impl FnOnce(&Connection) -> Result<T>,
    connection: &Connection,
) -> std::result::Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(Failure(StoreError::Defect("a command panicked".into()))))
        .map_err(|Failure(error)| error)
}

impl Workers {
    /// Starts one thread that writes and one for each of `readers`.
    pub(crate) fn start(writer: Connection, readers: Vec<Connection>) -> io::Result<Self> {
        let (command_queue, commands) = bounded(QUEUE);
        let (question_queue, questions) = bounded(QUEUE);
        let named = |name: &str| thread::Builder::new().name(format!("countersign-sqlite-{name}"));
        let mut workers = Self {
            writes: Some(command_queue),
            reads: Some(question_queue),
            writer: Some(named("writer").spawn(move || write(&writer, &commands))?),
            readers: Vec::with_capacity(readers.len()),
        };
        for reader in readers {
            let questions: Receiver<Question> = questions.clone();
            workers.readers.push(named("reader").spawn(move || {
                for question in &questions {
                    question(&reader);
                }
            })?);
        }
        Ok(workers)
    }

    /// Queues a command at once; the future waits until it is durable.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = std::result::Result<T, StoreError>> + Send + 'static {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Task {
            work: Some(work),
            outcome: None,
            reply,
        });
        let queued = send(self.writes.as_ref(), command as Box<dyn Command>);
        async move {
            queued?;
            let lost =
                |_| StoreError::OutcomeUnknown("the writer stopped before it answered".into());
            answer.await.map_err(lost)?
        }
    }

    /// Queues a question at once; the future waits for its answer.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = std::result::Result<T, StoreError>> + Send + 'static {
        let (reply, answer): (Reply<T>, _) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            // Nobody needs an answer that nobody waits for.
            if !reply.is_closed() {
                let _ = reply.send(guarded(work, connection));
            }
        });
        let queued = send(self.reads.as_ref(), question);
        async move {
            queued?;
            let lost = |_| StoreError::Defect("a reader stopped before it answered".into());
            answer.await.map_err(lost)?
        }
    }
}

impl Drop for Workers {
    /// Finishes what is queued and closes the connections, the writer's last: whoever closes the last one of a file
    /// brings the log home into it, and that works only if no other is being closed at the same time.
    fn drop(&mut self) {
        self.reads = None;
        // A thread that panicked has nothing left to finish.
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        self.writes = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn send<T>(queue: Option<&Sender<T>>, item: T) -> std::result::Result<(), StoreError> {
    match queue.map(|queue| queue.try_send(item)) {
        Some(Ok(())) => Ok(()),
        Some(Err(TrySendError::Full(_))) => {
            Err(StoreError::Unavailable("too many calls are waiting".into()))
        }
        Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Defect(
            "the threads of the store have stopped".into(),
        )),
    }
}

/// The writer: takes what is waiting, commits it as one group, and answers.
fn write(connection: &Connection, commands: &Receiver<Box<dyn Command>>) {
    let mut rested = Instant::now();
    loop {
        let first = if let Ok(command) = commands.try_recv() {
            if rested.elapsed() >= BUSY_STRETCH {
                thread::sleep(PAUSE);
                rested = Instant::now();
            }
            command
        } else {
            let Ok(command) = commands.recv() else { return };
            rested = Instant::now();
            command
        };
        let mut waiting: VecDeque<_> = commands.try_iter().take(GROUP - 1).collect();
        waiting.push_front(first);
        while !waiting.is_empty() {
            commit_group(connection, &mut waiting);
        }
    }
}

/// Carries out the waiting commands in one transaction and answers them. If SQLite takes the transaction back half
/// way, the commands that were not run yet stay in `waiting`.
fn commit_group(connection: &Connection, waiting: &mut VecDeque<Box<dyn Command>>) {
    let mut done = Vec::with_capacity(waiting.len());
    let begun = execute(connection, sql::BEGIN).map_err(|error| store_error(&error));
    let result = begun.and_then(|()| {
        while let Some(mut command) = waiting.pop_front() {
            let kept = in_savepoint(connection, &mut *command);
            done.push(command);
            kept?;
            // A full disk or a failed read can end the whole transaction (see sqlite3_get_autocommit).
            if connection.is_autocommit() {
                return Err(StoreError::Unavailable(
                    "the transaction was rolled back".into(),
                ));
            }
        }
        execute(connection, sql::COMMIT).map_err(|error| commit_error(&error))
    });
    if result.is_err() {
        if !connection.is_autocommit() {
            // It ends the transaction even where it reports that something could not be undone neatly.
            let _ = execute(connection, sql::ROLLBACK);
        }
        if done.is_empty() {
            done.extend(waiting.drain(..));
        }
    }
    for command in done {
        command.answer(result.clone());
    }
}

/// Runs one command so that, if it fails, nothing of it remains and the others in the group are as they were.
fn in_savepoint(
    connection: &Connection,
    command: &mut dyn Command,
) -> std::result::Result<(), StoreError> {
    let step = |sql| execute(connection, sql).map_err(|error| store_error(&error));
    step(sql::SAVEPOINT)?;
    if !command.run(connection) && !connection.is_autocommit() {
        step(sql::ROLLBACK_TO)?;
    }
    if connection.is_autocommit() {
        Ok(())
    } else {
        step(sql::RELEASE)
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests;
