use super::Events;

fn read(pieces: &[&[u8]]) -> Vec<String> {
    let mut events = Events::default();
    let mut data: Vec<super::Event> = Vec::new();
    for piece in pieces {
        data.extend(events.push(piece));
    }
    data.extend(events.finish());
    let text = |event: super::Event| String::from_utf8(event.data).expect("the tests write UTF-8");
    data.into_iter().map(text).collect()
}

#[track_caller]
fn check(stream: &str, expected: &[&str]) {
    let bytes = stream.as_bytes();
    assert_eq!(read(&[bytes]), expected, "whole");
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(read(&[head, tail]), expected, "split at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), expected, "byte by byte");
}

#[test]
fn every_line_ending_and_every_split_give_the_same_events() {
    check("data: a\n\ndata: b\n\n", &["a", "b"]);
    check("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]);
    check("data: a\r\rdata: b\r\r", &["a", "b"]);
    check("data: grüß 🎈\n\n", &["grüß 🎈"]);
}

#[test]
fn what_is_not_data_is_passed_over() {
    check(
        ": keep-alive\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n",
        &["a"],
    );
    check("\u{feff}data: a\n\n", &["a"]);
    check("database: a\n\n", &[]);
    check("\n\n\n", &[]);
}

#[test]
fn data_of_several_lines_is_joined_and_one_space_goes() {
    check("data: a\ndata:b\ndata:  c\ndata\n\n", &["a\nb\n c\n"]);
}

#[test]
fn a_last_event_without_its_blank_line_counts() {
    check("data: a\n\ndata: [DONE]\n", &["a", "[DONE]"]);
    check("data: a\n\ndata: [DONE]", &["a", "[DONE]"]);
}
