//! What many large bodies at once cost, in the memory of a process of their own. `KAOS_SERVER_BODIES` is how many; 12 unless
//! it says so.

use futures_util::future::join_all;
use serde_json::json;

use super::{CHAT, JSON, Served};

/// A body's limit, in bytes.
const MOST: usize = 10 * 1024 * 1024;

/// The most that the process had in memory so far, in MiB.
fn peak(served: &Served) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.child.id().unwrap()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

/// A body of so many bytes around this filling.
fn body(filling: &str, before: &str, behind: &str) -> String {
    let room = MOST - before.len() - behind.len();
    let mut filled = filling.repeat(room / filling.len());
    filled.truncate(filled.trim_end_matches(',').len());
    format!("{before}{filled}{behind}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_bodies_at_once_take_a_bounded_memory_and_each_is_answered() {
    let count = std::env::var("KAOS_SERVER_BODIES").ok();
    let count = count.map_or(12, |count| count.parse::<usize>().unwrap());
    let served = Served::start(&[("AGENT_NAME", "a"), ("DEBUG_MOCK_RESPONSES", "hi")]).await;
    let asked = json!([{ "role": "user", "content": "Hi!" }]);
    // A value of three bytes takes forty times that as a tree.
    let nested = body("[0],", &format!("{{\"messages\":{asked},\"x\":["), "]}");
    let messages = body("{},", "{\"messages\":[", "]}");
    let text = body(
        "word ",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"",
        "\"}]}",
    );
    for (kind, body, expected) in [
        ("nested", nested, &[413, 429][..]),
        ("messages", messages, &[413, 429]),
        ("text", text, &[200, 429]),
    ] {
        let headers = [JSON];
        let clients = (0..count).map(|_| served.ask("POST", CHAT, &headers, &body));
        let answers = join_all(clients).await;
        let mut first = 0;
        for answer in &answers {
            assert!(expected.contains(&answer.status), "{kind}: {}", answer.body);
            first += usize::from(answer.status == expected[0]);
        }
        println!(
            "{count} bodies, {kind}: {first} × {}, at most {} MiB",
            expected[0],
            peak(&served)
        );
        assert!(first > 0, "{kind}");
        assert!(peak(&served) < 512, "{kind}: {} MiB", peak(&served));
    }
    served.stop().await;
}
