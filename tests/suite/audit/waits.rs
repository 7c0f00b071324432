//! Every wait for the disk ends, within its limit and with the truth, whatever the disk does.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::pin;
use std::time::{Duration, Instant};

use kaos_hooks::audit::{AuditHook, OnFailure};
use kaos_hooks::{
    Hooks, LlmCall, NotDurableKind, Ruling, Scope, Str, ToolAnnotations, ToolCall, ToolOutcome,
    Turn,
};
use kaos_runner::{FunctionModel, ModelReply, Runner};
use kaos_tests::agents::{self, calls, scripted, watched};
use kaos_tests::slow_disk::{Broken, SlowDisk};

/// Of a disk that hangs: the only one that is waited for as long as that.
const LIMIT: Duration = Duration::from_millis(150);
/// What no wait may take, however busy the machine is.
const FOR_EVER: Duration = Duration::from_secs(20);

/// What the disk does while somebody waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    Works,
    Fails,
    IsFull,
    Hangs,
    /// It hangs, and goes on while it is waited for.
    ComesBack,
    /// Its driver panics: the trail's writer is gone.
    Panics,
    /// The trail was shut down before.
    ShutDown,
}

const DISKS: [Disk; 7] = [
    Disk::Works,
    Disk::Fails,
    Disk::IsFull,
    Disk::Hangs,
    Disk::ComesBack,
    Disk::Panics,
    Disk::ShutDown,
];

impl Disk {
    fn is_safe(self) -> bool {
        matches!(self, Self::Works | Self::ComesBack)
    }

    async fn begins(self, disk: &SlowDisk, audit: &AuditHook) {
        match self {
            Self::Works => {}
            Self::Fails => disk.breaks(Some(Broken::Fails(ErrorKind::Other))),
            Self::IsFull => disk.breaks(Some(Broken::Fails(ErrorKind::StorageFull))),
            Self::Hangs | Self::ComesBack => disk.stall(),
            Self::Panics => disk.breaks(Some(Broken::Panics)),
            Self::ShutDown => audit.shutdown().await.unwrap(),
        }
    }
}

/// A trail on this disk, which begins to do what it does now.
struct Setting {
    does: Disk,
    disk: SlowDisk,
    audit: AuditHook,
    hooks: Hooks,
    turn: Scope<Turn>,
    on_failure: OnFailure,
}

impl Setting {
    async fn new(does: Disk, on_failure: OnFailure) -> Self {
        let disk = SlowDisk::default();
        let audit = AuditHook::builder("not used")
            .storage(disk.clone())
            .on_failure(on_failure)
            .wait_limit(if does == Disk::Hangs { LIMIT } else { FOR_EVER })
            .open()
            .unwrap();
        let hooks = Hooks::new(audit.clone());
        let turn = hooks.turn(Turn::new("assistant"));
        audit.force_flush().await.unwrap();
        does.begins(&disk, &audit).await;
        Self {
            does,
            disk,
            audit,
            hooks,
            turn,
            on_failure,
        }
    }

    fn degrades(&self) -> bool {
        self.on_failure == OnFailure::Degrade
    }

    /// Waits, with the disk coming back meanwhile if it does.
    async fn wait<T>(&self, wait: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let mut wait = pin!(wait);
        let waited = poll_fn(|context| {
            let polled = wait.as_mut().poll(context);
            if polled.is_pending() && self.does == Disk::ComesBack {
                self.disk.release();
            }
            polled
        });
        let waited = waited.await;
        assert!(began.elapsed() < FOR_EVER, "{:?}", began.elapsed());
        waited
    }

    fn tool(&self) -> Scope<ToolCall> {
        self.turn.open(ToolCall::new("launch"))
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.disk.breaks(None);
        self.disk.release();
    }
}

fn each(check: impl AsyncFn(Setting)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for does in DISKS {
        for policy in [OnFailure::FailClosed, OnFailure::Degrade] {
            println!("{does:?}, {policy:?}");
            runtime.block_on(async { check(Setting::new(does, policy).await).await });
        }
    }
}

#[test]
fn a_span_is_settled_when_its_record_is_safe_and_not_otherwise() {
    each(async |it| {
        let tool = it.tool();
        let settled = it.wait(tool.settled()).await;
        let kind = settled.as_ref().err().map(kaos_hooks::NotDurable::kind);
        let expected = match it.does {
            Disk::Works | Disk::ComesBack => None,
            Disk::Fails | Disk::IsFull => Some(NotDurableKind::Failing),
            Disk::Hangs => Some(NotDurableKind::Slow),
            Disk::Panics | Disk::ShutDown => Some(NotDurableKind::Lost),
        };
        assert_eq!(kind, expected, "{:?}", it.does);
        let told = settled.as_ref().err().map(ToString::to_string);
        let told = told.unwrap_or_default();
        let why = match it.does {
            Disk::Hangs => "the disk has not answered for",
            Disk::Panics => "its writer panicked",
            Disk::ShutDown => "came too late",
            _ => "",
        };
        assert!(told.contains(why), "{:?}: {told}", it.does);
        let tolerated = settled.err().map(|why| why.is_tolerated());
        assert_eq!(tolerated, expected.map(|_| it.degrades()));
        assert_eq!(it.audit.failing().is_some(), !it.does.is_safe());
        let of_the_turn = it.wait(it.turn.settled()).await;
        assert_eq!(of_the_turn, Ok(()), "its own record was safe before");
    });
}

#[test]
fn one_policy_decides_about_tools_whatever_is_wrong() {
    each(async |it| {
        for read_only in [false, true] {
            let tool = it.tool();
            let annotations = ToolAnnotations {
                read_only,
                ..ToolAnnotations::default()
            };
            let asked = it.hooks.before_tool_call(&tool, "{}", annotations);
            let ruling = it.wait(asked).await;
            let runs = it.does.is_safe() || read_only || it.degrades();
            assert_eq!(matches!(ruling, Ruling::Run { .. }), runs, "{ruling:?}");
        }
        let unrecorded = u64::from(!it.does.is_safe() && it.degrades());
        assert_eq!(it.audit.stats().unrecorded_effects, unrecorded);
    });
}

/// The set's limit is shorter than the trail's: still it is the trail's policy that decides.
#[tokio::test]
async fn a_short_gate_limit_denies_no_tool_that_only_reads() {
    let disk = SlowDisk::default();
    let audit = AuditHook::builder("not used").storage(disk.clone());
    let audit = audit.wait_limit(FOR_EVER).open().unwrap();
    let hooks = Hooks::new(audit).with_gate_limit(Duration::from_secs(2));
    let turn = hooks.turn(Turn::new("assistant"));
    disk.stall();
    let tool = turn.open(ToolCall::new("launch"));
    let asked = hooks.before_tool_call(&tool, "{}", ToolAnnotations::READ_ONLY);
    let ruling = asked.await;
    disk.release();
    assert!(matches!(ruling, Ruling::Run { .. }), "{ruling:?}");
}

#[test]
fn a_run_that_is_ahead_waits_for_its_limit_at_most() {
    each(async |it| {
        let prompt = Str::from("x".repeat(1024 * 1024));
        for _ in 0..20 {
            let mut call = LlmCall::new("openai", "gpt-4o");
            call.input = Some(prompt.clone());
            drop(it.turn.open(call));
        }
        it.wait(it.turn.ready()).await;
        if it.does == Disk::Hangs {
            assert!(it.audit.failing().is_some());
            let began = Instant::now();
            it.wait(it.turn.ready()).await;
            assert!(began.elapsed() < LIMIT, "nobody waits a second time");
        }
    });
}

#[test]
fn a_flush_is_made_or_says_why_not() {
    each(async |it| {
        it.tool().complete(ToolOutcome::default());
        let flushed = it.wait(it.audit.force_flush()).await;
        assert_eq!(flushed.is_ok(), it.does.is_safe(), "{flushed:?}");
    });
}

#[test]
fn a_shutdown_is_made_or_says_why_not() {
    each(async |it| {
        it.tool().complete(ToolOutcome::default());
        let ended = it.wait(it.audit.shutdown()).await;
        assert_eq!(ended.is_ok(), it.does.is_safe(), "{ended:?}");
        let stats = it.audit.stats();
        assert_eq!(stats.offered, stats.recorded + stats.waiting + stats.lost);
        assert_eq!(stats.waiting > 0, it.does == Disk::Hangs, "{stats:?}");
    });
}

#[test]
fn dropping_a_trail_waits_for_its_limit_at_most() {
    each(async |mut it| {
        it.tool().complete(ToolOutcome::default());
        let (hooks, turn) = (Hooks::default(), Hooks::default().turn(Turn::new("none")));
        it.hooks = hooks;
        drop(std::mem::replace(&mut it.turn, turn));
        let other = AuditHook::builder("not used")
            .storage(SlowDisk::default())
            .open();
        let dropped = std::mem::replace(&mut it.audit, other.unwrap());
        if it.does == Disk::ComesBack {
            it.disk.release(); // it has nobody to come back for
        }
        let began = Instant::now();
        drop(dropped);
        assert!(began.elapsed() < FOR_EVER);
    });
}

#[test]
fn a_reply_and_an_error_say_whether_the_turn_s_end_is_safe() {
    each(async |it| {
        for answers in [true, false] {
            let replies = answers.then(|| ModelReply::text("answer"));
            let model = FunctionModel::script(replies);
            let agent = agents::agent("assistant", model);
            let runner = Runner::new(agent).hooks(it.hooks.clone());
            let ended = it.wait(runner.turn("Hi.", "s").into_future()).await;
            let durable = match &ended {
                Ok(reply) => reply.durable(),
                Err(error) => error.durable(),
            };
            assert_eq!(ended.is_ok(), answers);
            assert_eq!(durable.is_ok(), it.does.is_safe(), "{durable:?}");
            if it.does == Disk::ComesBack {
                it.disk.stall(); // for the next
            }
        }
    });
}

#[test]
fn a_sub_agent_works_when_its_record_is_safe_or_the_policy_says_so() {
    each(async |it| {
        let worker = scripted("worker", [ModelReply::text("worked")]);
        let (model, asked) = watched([calls(&["worker"]), ModelReply::text("done")]);
        let agent = agents::agent("boss", model).subagent(worker);
        let runner = Runner::new(agent).hooks(it.hooks.clone());
        let ended = it.wait(runner.turn("Work.", "s").into_future()).await;
        assert!(ended.is_ok(), "{ended:?}");
        let works = it.does.is_safe() || it.degrades();
        let told = asked.results().join("");
        assert_eq!(told == "worked", works, "{told}");
    });
}

/// The record of the call was dropped since the queue was full; by the time the gate is asked, the
/// disk works again and everything that was kept is on it.
#[tokio::test]
async fn a_tool_whose_own_record_was_dropped_does_not_run() {
    let disk = SlowDisk::default();
    let audit = AuditHook::builder("not used").storage(disk.clone());
    let audit = audit.open().unwrap();
    let hooks = Hooks::new(audit.clone());
    let turn = hooks.turn(Turn::new("assistant"));
    disk.breaks(Some(Broken::Fails(ErrorKind::StorageFull)));
    assert!(audit.force_flush().await.is_err());
    let prompt = Str::from("x".repeat(1024 * 1024));
    while audit.stats().lost == 0 {
        let mut call = LlmCall::new("openai", "gpt-4o");
        call.input = Some(prompt.clone());
        drop(turn.open(call));
    }
    let unrecorded = turn.open(ToolCall::new("launch"));
    let settled = unrecorded.settled();
    disk.breaks(None);
    while audit.stats().waiting > 0 {
        tokio::task::yield_now().await;
    }
    let recorded = turn.open(ToolCall::new("launch"));
    let annotations = ToolAnnotations::default();
    let ask = async |tool| hooks.before_tool_call(tool, "{}", annotations).await;
    let ruling = ask(&unrecorded).await;
    assert!(matches!(ruling, Ruling::Deny { .. }), "{ruling:?}");
    let why = settled.await.unwrap_err();
    assert_eq!(why.kind(), NotDurableKind::Lost);
    let ruling = ask(&recorded).await;
    assert!(matches!(ruling, Ruling::Run { .. }), "{ruling:?}");
}

/// As a hook that panics is put out of service: what it keeps no more, is not taken for kept.
#[tokio::test]
async fn a_keeper_out_of_service_has_not_kept_a_span() {
    struct Broken;
    impl kaos_hooks::Hook for Broken {
        fn observe(&self, _run: &kaos_hooks::Run) -> Option<Box<dyn kaos_hooks::Observer>> {
            struct Kept;
            impl kaos_hooks::Observer for Kept {
                fn on_event(&mut self, _event: &kaos_hooks::Event<'_>) {
                    panic!("a hook panics");
                }

                fn keeps(&self) -> bool {
                    true
                }
            }
            Some(Box::new(Kept))
        }
    }
    kaos_tests::subscribed();
    let hooks = Hooks::new(Broken);
    let turn = hooks.turn(Turn::new("assistant"));
    for _ in 0..kaos_hooks::MAX_PANICS {
        drop(turn.open(ToolCall::new("launch")));
    }
    let why = turn.settled().await.unwrap_err();
    assert_eq!(why.kind(), NotDurableKind::Lost);
}

/// Without a runtime there is no timer of tokio's: waits end all the same.
#[test]
fn a_wait_has_its_limit_under_any_executor() {
    let disk = SlowDisk::default();
    let audit = AuditHook::builder("not used").storage(disk.clone());
    let audit = audit.wait_limit(LIMIT).open().unwrap();
    let hooks = Hooks::new(audit);
    let turn = hooks.turn(Turn::new("assistant"));
    disk.stall();
    drop(turn.open(ToolCall::new("launch")));
    let settled = turn.open(ToolCall::new("launch")).settled();
    let ended = kaos_hooks::park::block_within(FOR_EVER, settled);
    let kind = ended.unwrap().unwrap_err().kind();
    assert_eq!(kind, NotDurableKind::Slow);
    disk.release();
}
