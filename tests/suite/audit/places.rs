//! A record's number is that of its place, whatever a line claims: who appends, inserts or leaves over lines makes no records.

use std::io;

use kaos_hooks::audit::{Filter, Placed, Position, RecordContent, Trail};
use kaos_tests::trails::{Memory, short_event};

use super::follow::three_segments;
use super::format;

/// Lines with the form of a trail's, each with a number that it claims. Their events are those from 100 on.
fn forged(claims: &[u64]) -> Vec<Vec<u8>> {
    let line = |(event, claim): (u64, &u64)| {
        let event = short_event(100 + event).to_line();
        let body = event.strip_suffix('}').unwrap();
        let zeros = "0".repeat(64);
        format!("{body},\"trail_seq\":{claim},\"synced\":null,\"h\":\"{zeros}\"}}\n").into_bytes()
    };
    (0..).zip(claims).map(line).collect()
}

/// Lines in which one does not fit: low, all the same, far ahead, and ahead of where they stand.
fn claims(place: u64) -> [Vec<u64>; 6] {
    [
        (2..29).collect(),
        vec![2; 27],
        vec![5; 27],
        (place + 1..place + 28).collect(),
        (place + 5000..place + 5027).collect(),
        vec![0, place + 1, 2, 3, 4, place + 2, 1, 2],
    ]
}

fn followed(trail: &Memory) -> Vec<Placed> {
    let trail = Trail::on(trail.clone()).unwrap();
    let follow = trail.follow(Position::default()).unwrap();
    follow.collect::<io::Result<_>>().unwrap()
}

fn is_forged(placed: &Placed) -> bool {
    matches!(&placed.record.content, RecordContent::Event(event) if event.seq >= 100)
}

fn with(trail: &Memory, name: &str, at: usize, lines: Vec<Vec<u8>>) -> Memory {
    let changed = trail.copy();
    let mut all = changed.lines(name);
    all.splice(at..at, lines);
    changed.put(name, all.concat());
    changed
}

/// What `records` gives is what `follow` gives, from wherever it is read on.
fn reads_alike(trail: &Memory, whole: &[Placed]) {
    let of = Trail::on(trail.clone()).unwrap();
    let own = Filter {
        own: true,
        ..Filter::default()
    };
    let records: Vec<_> = of.records(own).unwrap().collect::<io::Result<_>>().unwrap();
    let placed: Vec<_> = whole.iter().map(|it| it.record.clone()).collect();
    assert_eq!(records, placed);
    for (index, it) in whole.iter().enumerate() {
        let rest = of.follow(it.at).unwrap();
        let rest: Vec<_> = rest.collect::<io::Result<_>>().unwrap();
        assert_eq!(rest.first(), whole.get(index), "it is where it was found");
        assert!(rest.is_sorted_by_key(|it| it.record.seq));
    }
}

#[test]
fn what_stands_behind_the_point_where_a_failed_segment_is_superseded_is_read_by_nobody() {
    let trail = format::trail("failed");
    let (whole, first) = (followed(&trail), trail.segments()[0].clone());
    let verdict = Trail::on(trail.clone()).unwrap().verify().unwrap();
    let end = trail.lines(&first).len();
    for claims in claims(3).into_iter().chain([(3..30).collect()]) {
        let changed = with(&trail, &first, end, forged(&claims));
        let of = Trail::on(changed.clone()).unwrap();
        assert_eq!(of.verify().unwrap(), verdict, "{claims:?}");
        let read = followed(&changed);
        assert_eq!(read, whole, "{claims:?}");
        reads_alike(&changed, &read);
    }
}

#[test]
fn what_is_appended_to_a_trail_gets_no_number_that_was_there_already() {
    let trail = three_segments();
    let (whole, last) = (followed(&trail), trail.segments()[2].clone());
    let place = whole.last().unwrap().record.seq + 1;
    let end = trail.lines(&last).len();
    for claims in claims(place)
        .into_iter()
        .chain([(place..place + 27).collect()])
    {
        let changed = with(&trail, &last, end, forged(&claims));
        let of = Trail::on(changed.clone()).unwrap();
        let verdict = of.verify().unwrap();
        let (read, wrong) = (followed(&changed), verdict.torn.map(|torn| torn.from_seq));
        assert_eq!(wrong, Some(place), "{claims:?}");
        assert_eq!(read[..whole.len()], whole, "{claims:?}");
        for more in &read[whole.len()..] {
            assert!(is_forged(more) && more.record.seq >= place, "{more:?}");
        }
        if claims.iter().all(|claim| *claim < place) {
            assert_eq!(read.len(), whole.len(), "{claims:?}");
            let mut follow = of.follow(Position::default()).unwrap();
            assert_eq!(follow.by_ref().count(), whole.len());
            assert_eq!(
                follow.passed_over(),
                claims.len() as u64,
                "and that is told"
            );
        }
        assert!(read.is_sorted_by(|a, b| a.record.seq < b.record.seq));
        reads_alike(&changed, &read);
    }
}

#[test]
fn what_is_inserted_is_in_doubt_if_it_is_read_and_costs_no_other_segment_a_record() {
    let trail = three_segments();
    let whole = followed(&trail);
    for (index, name) in trail.segments().into_iter().enumerate() {
        let of =
            |it: &&Placed| trail.segments()[index] == format!("seg-{:020}.jsonl", it.at.segment);
        let place = whole.iter().find(of).unwrap().record.seq + 2;
        // One with the number of its place is told by its hash: it is among what is found.
        for claims in claims(place).into_iter().filter(|it| it[0] != place) {
            let changed = with(&trail, &name, 2, forged(&claims));
            let read = followed(&changed);
            assert!(
                read.iter()
                    .filter(|it| is_forged(it))
                    .all(|it| it.at.is_broken)
            );
            assert!(
                read.is_sorted_by(|a, b| a.record.seq < b.record.seq),
                "{claims:?}"
            );
            let elsewhere = |all: &[Placed]| {
                let others = all.iter().filter(|it| !of(it));
                others.cloned().collect::<Vec<_>>()
            };
            assert_eq!(elsewhere(&read), elsewhere(&whole), "{claims:?}");
            assert!(!Trail::on(changed).unwrap().verify().unwrap().is_intact());
        }
    }
}
