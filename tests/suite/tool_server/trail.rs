//! A served call in an audit trail.

use std::sync::Arc;

use kaos_hooks::audit::{AuditHook, Filter, RecordContent, SigningKey, Trail};
use kaos_tests::tool_client::OverPipes;
use serde_json::json;

use crate::audit::Scratch;

#[tokio::test]
async fn a_served_call_is_recorded_whole_and_its_end_is_signed_for() {
    let scratch = Scratch::new("served");
    let key = SigningKey::from_seed("test", &[7; 32]).unwrap();
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key.clone())
        .open()
        .unwrap();
    let server = super::server(&Arc::default()).hooks(audit.clone());
    let mut client = OverPipes::begin(server).await;
    let arguments = json!({ "a": 2, "b": 3 });
    client.call(1, "add", &arguments, &json!({})).await;
    client.end().await.unwrap();
    audit.shutdown().await.unwrap();

    let trail = Trail::open_read(scratch.path()).unwrap();
    let report = trail.verifier().key(key.verifying_key()).run().unwrap();
    assert!(report.is_intact(), "{report}");
    // The call's start, what the gates said, its end; the segment's first, and checkpoints behind it, behind the call
    // and at the end.
    assert_eq!((report.records, report.checkpoints), (7, 3), "{report}");
    let of_tool = |tool: &str| {
        let filter = Filter {
            tool: Some(tool.into()),
            ..Filter::default()
        };
        let records = trail.records(filter).unwrap();
        let lines = records.map(|record| match record.unwrap().content {
            RecordContent::Event(event) => event.to_line(),
            RecordContent::Own(_) => unreachable!(),
        });
        lines.collect::<Vec<_>>()
    };
    let lines = of_tool("add");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains(r#""subject":"served_call""#), "{lines:?}");
    assert!(lines[0].contains(r#"{\"a\":2,\"b\":3}"#), "{lines:?}");
    assert_eq!(of_tool("other"), Vec::<String>::new());
}
