//! However the bytes of a stream are cut, the same is read.

use kaos_runner::testing::{Answer, ModelServer, Strict, events};
use kaos_tests::observed::Observed;
use proptest::prelude::*;
use serde_json::json;

use super::{Mode, Pieces, agent, builder, pieces, turn};

/// Reasoning, text beyond ASCII, and a call, with every line ending and a comment.
fn stream() -> Vec<u8> {
    let call = json!({ "index": 0, "id": "call-1", "function": { "name": "absent", "arguments": "{\"ö\":" } });
    let more = json!({ "index": 0, "function": { "arguments": "1}" } });
    let events = events(
        [
            json!({ "reasoning_content": "Grüße 🎈" }),
            json!({ "content": "Es sind" }),
            json!({ "content": " 7 € – 「七」\n" }),
            json!({ "tool_calls": [call] }),
            json!({ "tool_calls": [more] }),
        ],
        "tool_calls",
    );
    let mut text = String::from(": keep-alive\r\n\r\n");
    for (at, event) in events.into_iter().enumerate() {
        let line_end = ["\n", "\r\n", "\r"][at % 3];
        text += &event.replace('\n', line_end);
    }
    text.into_bytes()
}

fn expected() -> Pieces {
    let call = |piece: &str| ("call-1".to_owned(), piece.to_owned());
    Pieces {
        thinking: vec!["Grüße 🎈".to_owned()],
        text: vec!["Es sind".to_owned(), " 7 € – 「七」\n".to_owned()],
        arguments: vec![call("{\"ö\":"), call("1}")],
    }
}

/// Reads the stream in these chunks; the deltas are the same, and what they make is the reply's.
async fn check(chunks: Vec<&[u8]>) {
    let done = Answer::stream(events([json!({ "content": "Done." })], "stop"));
    let server = ModelServer::strict(
        Strict::default().knows("reasoning_content"),
        [Answer::stream(chunks), done],
    )
    .await;
    let observed = Observed::new(agent(builder(&server)));
    let reply = turn(&observed, Mode::Streamed).await.unwrap();
    assert_eq!(reply.text(), "Done.");
    let mut seen = pieces(&observed.recorder.events());
    assert_eq!(seen.text.pop().as_deref(), Some("Done."));
    assert_eq!(seen, expected());
    let said = &server.requests()[1].body["messages"][2];
    assert_eq!(said["content"], expected().text.concat());
    assert_eq!(said["tool_calls"][0]["function"]["arguments"], "{\"ö\":1}");
    observed.assert_sound();
}

#[tokio::test]
async fn split_at_every_byte() {
    let stream = stream();
    for at in 0..=stream.len() {
        let (head, tail) = stream.split_at(at);
        check(vec![head, tail]).await;
    }
    check(stream.chunks(1).collect()).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn deltas_concatenate_to_the_reply_however_the_stream_is_cut(
        mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40)
    ) {
        let stream = stream();
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(chunks));
    }
}
