//! What became of a trail's files between two looks.

use kaos_hooks::audit::SegmentFile;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// The files before the one of this number are gone, the others are as they were.
    Pruned(u64),
    Replaced(&'static str),
}

impl Change {
    pub(super) fn between(before: &[SegmentFile], now: &[SegmentFile]) -> Self {
        let Some(first) = now.first() else {
            return if before.is_empty() {
                Self::None
            } else {
                Self::Replaced("its files were removed")
            };
        };
        // The last of them was written then. Others have come since, perhaps, and were read already.
        let written = before.last().map(|it| it.first);
        for old in before.iter().filter(|old| old.first >= first.first) {
            match now.iter().find(|it| it.first == old.first) {
                None => return Self::Replaced("one of its files was removed: it is read anew"),
                Some(new) if new.bytes < old.bytes => {
                    return Self::Replaced("one of its files was cut: it is read anew");
                }
                Some(new) if new.bytes > old.bytes && written != Some(old.first) => {
                    return Self::Replaced("one of its older files has changed: it is read anew");
                }
                Some(_) => {}
            }
        }
        match before.first() {
            Some(old) if old.first < first.first => Self::Pruned(first.first),
            Some(old) if old.first > first.first => {
                Self::Replaced("older files have come: it is read anew")
            }
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(u64, u64)]) -> Vec<SegmentFile> {
        let file = |(first, bytes): &(u64, u64)| SegmentFile {
            name: format!("seg-{first:020}.jsonl"),
            first: *first,
            bytes: *bytes,
        };
        of.iter().map(file).collect()
    }

    #[test]
    fn a_file_that_was_the_last_when_it_was_listed_may_have_grown_whatever_has_come_since() {
        let kind = |before: &[(u64, u64)], now: &[(u64, u64)]| match Change::between(
            &files(before),
            &files(now),
        ) {
            Change::None => "none",
            Change::Pruned(_) => "pruned",
            Change::Replaced(why) => why.split(':').next().unwrap_or(why),
        };
        let before = [(0, 100), (5, 70)];
        for (now, expected) in [
            (vec![(0, 100), (5, 70)], "none"),
            (vec![(0, 100), (5, 90)], "none"),
            // It was rolled over before it was read: what is read is behind it by now.
            (vec![(0, 100), (5, 90), (9, 10)], "none"),
            (vec![(0, 100), (5, 90), (9, 10), (12, 1)], "none"),
            (vec![(5, 90), (9, 10)], "pruned"),
            (vec![(9, 10)], "pruned"),
            (
                vec![(0, 101), (5, 70)],
                "one of its older files has changed",
            ),
            (
                vec![(0, 101), (5, 90), (9, 10)],
                "one of its older files has changed",
            ),
            (vec![(0, 100), (5, 69)], "one of its files was cut"),
            (vec![(0, 100), (9, 10)], "one of its files was removed"),
            (vec![], "its files were removed"),
        ] {
            assert_eq!(kind(&before, &now), expected, "{now:?}");
        }
        assert_eq!(kind(&before[1..], &before), "older files have come");
        assert_eq!(kind(&[], &before), "none");
    }
}
