//! How many agents a task has passed through, as a member of the baggage: it survives agents that
//! know nothing of it and only hand their baggage on.

/// The member's key.
const KEY: &str = "kaos.depth";

fn is_ours(member: &&str) -> bool {
    let key = member.split(['=', ';']).next().unwrap_or_default();
    key.trim() == KEY
}

/// How many agents the task of a request with this baggage has passed through, the largest number if
/// there are several; 0 where it does not say.
pub(crate) fn depth(baggage: &str) -> u32 {
    let members = baggage.split(',').filter(is_ours);
    let numbers = members.filter_map(|member| {
        let value = member.split_once('=')?.1;
        let value = value.split(';').next().unwrap_or_default();
        // More digits than a number has are more agents than there may be.
        let digits = value.trim();
        let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u32::MAX))
    });
    numbers.max().unwrap_or_default()
}

/// The baggage that says this.
pub(crate) fn said(depth: u32) -> String {
    format!("{KEY}={depth}")
}

/// The same baggage for one that is a step deeper. Ours comes first: what is too long loses its end.
pub(super) fn deeper(baggage: &str, depth: u32) -> String {
    let others = baggage
        .split(',')
        .filter(|member| !is_ours(member) && !member.trim().is_empty());
    let ours = said(depth.saturating_add(1));
    std::iter::once(ours.as_str())
        .chain(others)
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_depth_is_read_leniently_and_written_once() {
        for (baggage, expected) in [
            ("", 0),
            ("user.id=alice", 0),
            ("kaos.depth=2", 2),
            ("a=b, kaos.depth = 3 ;p=q,c=d", 3),
            ("kaos.depth=1,kaos.depth=4", 4),
            ("kaos.depth=-1", 0),
            ("kaos.depth=many", 0),
            ("kaos.depths=7", 0),
            ("kaos.depth=99999999999999999999", u32::MAX),
        ] {
            assert_eq!(depth(baggage), expected, "{baggage}");
        }
        assert_eq!(deeper("", 0), "kaos.depth=1");
        assert_eq!(deeper("a=b,kaos.depth=3,c=d", 3), "kaos.depth=4,a=b,c=d");
        assert_eq!(depth(&deeper("kaos.depth=9", u32::MAX)), u32::MAX);
    }
}
