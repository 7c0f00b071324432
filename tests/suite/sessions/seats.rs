//! One turn of a session at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_runner::{
    Agent, FunctionModel, FunctionTool, Limits, MemorySessions, ModelError, ModelErrorKind,
    ModelReply, Runner, SessionError, SessionLock, SessionStore, SessionSummary, SessionTurn,
    ToolError,
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;

use super::{kind, notes};

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

fn within(time: u64) -> Limits {
    Limits {
        turn: Duration::from_secs(time),
        ..Limits::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_waits_for_the_session_s_other_turn_and_sees_it() {
    let model = FunctionModel::from_async(|request| {
        let seen = request.messages.len();
        async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(ModelReply::text(format!("{seen} messages")))
        }
    });
    let recorder = Recorder::new();
    let runner = Runner::new(Agent::new("assistant", model)).hooks(recorder.clone());
    let (one, two, three) = tokio::join!(
        runner.turn("Hi!", "s").into_future(),
        runner.turn("Hi!", "s").into_future(),
        runner.turn("Hi!", "other").into_future(),
    );
    let texts = [one, two, three].map(|reply| reply.unwrap().text().to_owned());
    assert_eq!(texts, ["1 messages", "3 messages", "1 messages"]);
    // Who waits for long says so.
    assert_eq!(notes(&recorder.events()), ["session_waiting"]);
    recorder.check().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_waits_as_long_as_it_may_says_that_the_session_is_busy() {
    let began = Arc::new(Notify::new());
    let hang = Arc::clone(&began);
    let model = FunctionModel::from_async(move |_| {
        hang.notify_one();
        std::future::pending()
    });
    let runner = Runner::new(Agent::new("assistant", model).limits(within(100)));
    let first = tokio::spawn(runner.turn("Hi!", "s").into_future());
    began.notified().await;
    let clock = tokio::time::Instant::now();
    let busy = runner.turn("Hi!", "s").limits(within(7)).await.unwrap_err();
    assert_eq!(kind(busy.kind()), "session_busy");
    assert_eq!(clock.elapsed(), Duration::from_secs(7));
    // One that is dropped frees the session.
    first.abort();
    let _aborted = first.await;
    let freed = runner.turn("Hi!", "s").limits(within(7)).await.unwrap_err();
    assert_eq!(kind(freed.kind()), "other");
}

/// A tool that asks the agent itself, in this session.
fn asks(runner: &Arc<std::sync::OnceLock<Runner>>, session: &'static str) -> FunctionTool {
    let runner = Arc::clone(runner);
    FunctionTool::new("ask", "Asks.", move |_: Nothing| {
        let runner = runner.get().unwrap().clone();
        async move {
            let reply = runner.turn("Inner.", session).await;
            let reply = reply.map_err(|why| ToolError::of_kind(kind(why.kind()), "no"))?;
            Ok(reply.text().to_owned())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_turn_inside_a_turn_of_its_own_session_fails_at_once() {
    let model = |inner: &'static str| {
        FunctionModel::new(move |request| {
            let question = request.messages.iter().any(|it| it.text() == "Inner.");
            let answered = request.messages.len() > 1;
            Ok(match (question, answered) {
                (true, _) => ModelReply::text("inside"),
                (false, true) => {
                    ModelReply::text(request.messages.last().unwrap().text().into_owned())
                }
                (false, false) => ModelReply::call("1", inner, r#"{"task":"x"}"#),
            })
        })
    };
    let rows = [
        ("s", "ask", "error: no"),
        ("t", "ask", "inside"),
        ("s", "helper", "error: no"),
    ];
    for (session, calls, expected) in rows {
        let runner = Arc::new(std::sync::OnceLock::new());
        let helper = Agent::new("helper", model("ask")).tool(asks(&runner, session));
        let agent = Agent::new("assistant", model(calls))
            .tool(asks(&runner, session))
            .subagent(helper);
        let runner = runner.get_or_init(|| Runner::new(agent));
        let clock = tokio::time::Instant::now();
        let reply = runner.turn("Outer.", "s").await.unwrap();
        assert_eq!(reply.text(), expected, "{session} by {calls}");
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }
}

/// Fails in one of its calls.
#[derive(Clone)]
struct Fails {
    inner: MemorySessions,
    at: &'static str,
    how: &'static str,
    asked: Arc<AtomicUsize>,
}

impl Fails {
    async fn at(&self, here: &'static str) -> Result<(), SessionError> {
        if self.at != here {
            return Ok(());
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.how {
            "hangs" => std::future::pending().await,
            "panics" => panic!("a store of the tests panics"),
            _ => Err(SessionError::unavailable("down")),
        }
    }
}

#[async_trait]
impl SessionStore for Fails {
    async fn lock(&self, session: &str) -> Result<SessionLock, SessionError> {
        self.at("lock").await?;
        self.inner.lock(session).await
    }

    async fn keep(&self, _lock: &SessionLock) -> SessionError {
        match (self.at, self.how) {
            ("keep", "panics") => panic!("a store of the tests panics"),
            ("keep", _) => SessionError::Lost,
            _ => std::future::pending().await,
        }
    }

    async fn load(&self, session: &str) -> Result<Vec<SessionTurn>, SessionError> {
        self.at("load").await?;
        self.inner.load(session).await
    }

    async fn append(
        &self,
        lock: &SessionLock,
        turn: SessionTurn,
        forgotten: usize,
    ) -> Result<(), SessionError> {
        self.at("append").await?;
        self.inner.append(lock, turn, forgotten).await
    }

    async fn forget(&self, session: &str) -> Result<bool, SessionError> {
        self.inner.forget(session).await
    }

    async fn list(&self, most: usize) -> Result<Vec<SessionSummary>, SessionError> {
        self.inner.list(most).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_ends_the_turn_or_leaves_the_answer_and_says_so() {
    // Where, how, the error of the turn, whether it is remembered.
    let rows = [
        ("lock", "fails", "session_unavailable"),
        ("lock", "panics", "session_unavailable"),
        ("lock", "hangs", "session_busy"),
        ("load", "fails", "session_unavailable"),
        ("load", "panics", "session_unavailable"),
        ("load", "hangs", "session_unavailable"),
        ("append", "fails", "answered"),
        ("append", "panics", "answered"),
        ("append", "hangs", "answered"),
        ("keep", "loses", "session_lost"),
        ("keep", "panics", "session_unavailable"),
    ];
    for (at, how, expected) in rows {
        let store = Fails {
            inner: MemorySessions::default(),
            at,
            how,
            asked: Arc::default(),
        };
        let model = FunctionModel::from_async(|_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(ModelReply::text("Hello."))
        });
        let recorder = Recorder::new();
        let runner = Runner::new(Agent::new("assistant", model).limits(within(60)))
            .hooks(recorder.clone())
            .sessions(store);
        let found = match runner.turn("Hi!", "s").await {
            Ok(reply) => {
                assert_eq!(reply.text(), "Hello.");
                assert_eq!(
                    reply.remembered().unwrap_err().kind(),
                    "session_unavailable"
                );
                assert!(notes(&recorder.events()).contains(&"not_remembered".to_owned()));
                "answered"
            }
            Err(why) => kind(why.kind()),
        };
        assert_eq!(found, expected, "{at} {how}");
        recorder.check().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_session_is_forgotten_meanwhile_adds_nothing() {
    let began = Arc::new(Notify::new());
    let says = Arc::clone(&began);
    let model = FunctionModel::from_async(move |_| {
        says.notify_one();
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(ModelReply::text("Hello."))
        }
    });
    let runner = Runner::new(Agent::new("assistant", model));
    let turn = tokio::spawn(runner.turn("A secret.", "s").into_future());
    began.notified().await;
    assert!(!runner.session_store().forget("s").await.unwrap());
    let reply = turn.await.unwrap().unwrap();
    assert_eq!(reply.remembered(), Err(&SessionError::Lost));
    assert_eq!(runner.session_store().load("s").await.unwrap(), []);
}

/// A store that takes a second to free a session.
struct Slow {
    inner: MemorySessions,
    freed: Arc<AtomicUsize>,
}

#[async_trait]
impl SessionStore for Slow {
    async fn lock(&self, session: &str) -> Result<SessionLock, SessionError> {
        self.inner.lock(session).await
    }

    async fn free(&self, lock: SessionLock) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.freed.fetch_add(1, Ordering::SeqCst);
        self.inner.free(lock).await;
    }

    async fn load(&self, session: &str) -> Result<Vec<SessionTurn>, SessionError> {
        self.inner.load(session).await
    }

    async fn append(
        &self,
        lock: &SessionLock,
        turn: SessionTurn,
        forgotten: usize,
    ) -> Result<(), SessionError> {
        self.inner.append(lock, turn, forgotten).await
    }

    async fn forget(&self, session: &str) -> Result<bool, SessionError> {
        self.inner.forget(session).await
    }

    async fn list(&self, most: usize) -> Result<Vec<SessionSummary>, SessionError> {
        self.inner.list(most).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_free_when_its_turn_has_ended_however_that_ended() {
    let models = [
        FunctionModel::answer("Hello."),
        FunctionModel::new(|_| Err(ModelError::new(ModelErrorKind::Auth, "no"))),
        FunctionModel::from_async(|_| std::future::pending()),
    ];
    for (at, model) in models.into_iter().enumerate() {
        let freed = Arc::<AtomicUsize>::default();
        let store = Slow {
            inner: MemorySessions::default(),
            freed: Arc::clone(&freed),
        };
        let agent = Agent::new("assistant", model).limits(within(7));
        let runner = Runner::new(agent).sessions(store);
        let answered = runner.turn("Hi!", "s").await.is_ok();
        assert_eq!(answered, at == 0, "{at}");
        assert_eq!(freed.load(Ordering::SeqCst), 1, "{at}");
    }
}
