//! Which place of the trail's work a crash or a fault hits, and the account of it.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

use kaos_tests::sim_disk::{Moment, OpKind, When};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Point {
    Header,
    MidLine,
    LineEnd,
    BeforeSync,
    AfterSync,
    BeforeAck,
    Checkpoint,
    Seal,
    Rename,
    DirectorySync,
    NewSegment,
    Recovery,
}

use Point::{
    AfterSync, BeforeAck, BeforeSync, Checkpoint, DirectorySync, Header, LineEnd, MidLine,
    NewSegment, Recovery, Rename, Seal,
};

const POINTS: [Point; 12] = [
    Header,
    MidLine,
    LineEnd,
    BeforeSync,
    AfterSync,
    BeforeAck,
    Checkpoint,
    Seal,
    Rename,
    DirectorySync,
    NewSegment,
    Recovery,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    SigKill,
    PowerCut,
    Eio,
    Enospc,
    ShortWrite,
    SecondWriter,
    ClockJump,
}

use Kind::{ClockJump, Eio, Enospc, PowerCut, SecondWriter, ShortWrite, SigKill};

const KINDS: [Kind; 7] = [
    SigKill,
    PowerCut,
    Eio,
    Enospc,
    ShortWrite,
    SecondWriter,
    ClockJump,
];

/// Why there is no such schedule.
const fn meaningless(point: Point, kind: Kind) -> Option<&'static str> {
    match (point, kind) {
        (BeforeSync | AfterSync | Rename | DirectorySync | BeforeAck, ShortWrite) => {
            Some("nothing is written there")
        }
        (BeforeAck, Eio | Enospc) => Some("no call that could fail is left before the ack"),
        _ => None,
    }
}

/// The points of a moment. `last` is whether its call is the last one before an ack.
pub(super) fn points(moment: &Moment, last: bool, recovery: bool) -> Vec<Point> {
    let (op, when) = (&moment.op, moment.when);
    let mut points = Vec::new();
    let contains = |text: &str| String::from_utf8_lossy(&op.bytes).contains(text);
    let segment = op.name.starts_with("seg-") && !op.name.contains("torn");
    let first = op.name.starts_with("seg-00000000000000000000");
    match op.kind {
        OpKind::Write if segment => {
            if contains(r#""type":"trail_segment""#) {
                points.push(Header);
            }
            if contains(r#""seal":true"#) {
                points.push(Seal);
            } else if contains(r#""type":"trail_checkpoint""#) {
                points.push(Checkpoint);
            }
            match when {
                When::Before => {}
                When::Torn(length) if op.bytes[length - 1] != b'\n' => points.push(MidLine),
                When::Torn(_) | When::After => points.push(LineEnd),
            }
        }
        OpKind::Sync if when == When::After => points.push(AfterSync),
        OpKind::Sync => points.push(BeforeSync),
        OpKind::Rename => points.push(Rename),
        OpKind::SyncDirectory => points.push(DirectorySync),
        _ => {}
    }
    let made = match op.kind {
        OpKind::Create | OpKind::Rename => true,
        _ => points.first() == Some(&Header),
    };
    if segment && !first && made {
        points.push(NewSegment);
    }
    if last && when == When::After {
        points.push(BeforeAck);
    }
    if recovery {
        points.push(Recovery);
    }
    points
}

/// How many distinct schedules hit which point.
#[derive(Default)]
pub(super) struct Account {
    seen: HashSet<u64>,
    counts: HashMap<(Point, Kind), usize>,
}

impl Account {
    /// Counts a schedule; `false` if there was one like it.
    pub(super) fn is_new(
        &mut self,
        schedule: &impl std::hash::Hash,
        points: &[Point],
        kind: Kind,
    ) -> bool {
        let mut hasher = DefaultHasher::new();
        schedule.hash(&mut hasher);
        let new = self.seen.insert(hasher.finish());
        if new {
            for point in points {
                *self.counts.entry((*point, kind)).or_default() += 1;
            }
        }
        new
    }

    pub(super) fn total(&self) -> usize {
        self.seen.len()
    }

    /// Prints the matrix; every cell that has a meaning has schedules.
    pub(super) fn check(&self) {
        print!("{:<14}", "");
        for kind in KINDS {
            print!("{:>13}", format!("{kind:?}"));
        }
        println!();
        let mut missing = Vec::new();
        for point in POINTS {
            print!("{:<14}", format!("{point:?}"));
            for kind in KINDS {
                let count = self.counts.get(&(point, kind)).copied().unwrap_or(0);
                match (count, meaningless(point, kind)) {
                    (0, Some(_)) => print!("{:>13}", "-"),
                    (_, None) => print!("{count:>13}"),
                    (_, Some(why)) => panic!("{point:?} × {kind:?}: {count}, though {why}"),
                }
                if count == 0 && meaningless(point, kind).is_none() {
                    missing.push((point, kind));
                }
            }
            println!();
        }
        println!("{} distinct schedules", self.total());
        assert!(missing.is_empty(), "no schedule for {missing:?}");
    }
}
