//! What the file and the environment of `kaos mcp serve` decide.

use serde_json::json;

use super::serving::{Serving, kaos};

/// Imported, hidden and of the file; what `__all__` names decides.
const LISTED: &str = r#"
from os.path import basename
__all__ = ["basename", "_hidden"]
def _hidden() -> str:
    return "hidden"
def seen() -> str:
    return "seen"
"#;

#[tokio::test]
async fn where_a_file_has_all_that_names_the_tools_and_else_what_it_defines() {
    let serving = Serving::start(&["--tools-string", LISTED, "--workers", "1"]).await;
    let names: Vec<String> = serving.list().await.into_keys().collect();
    assert_eq!(names, ["_hidden", "basename"]);
    let path = json!({ "p": "/a/b" });
    assert_eq!(
        serving.call("basename", path).await,
        (false, "b".to_owned())
    );
    drop(serving);

    let (_, without) = LISTED.split_once("_hidden\"]\n").unwrap();
    let code = format!("from os.path import basename\n{without}");
    let serving = Serving::start(&["--tools-string", &code, "--workers", "1"]).await;
    let names: Vec<String> = serving.list().await.into_keys().collect();
    assert_eq!(names, ["seen"]);
}

/// What pydantic's models are, to those who do not name pydantic.
const MODEL: &str = r#"
class Order:
    def __init__(self, item, count):
        self.item, self.count = item, count
    @classmethod
    def model_json_schema(cls, ref_template):
        ref = {"$ref": ref_template.format(model="Item")}
        item = {"type": "string", "maxLength": 3}
        return {"type": "object", "properties": {"item": ref}, "required": ["item"], "$defs": {"Item": item}}
    @classmethod
    def model_validate(cls, value):
        return cls(value["item"], len(value))
    def model_dump(self, mode):
        return {"item": self.item, "count": self.count}
def order(order: Order) -> Order:
    return Order(order.item.upper(), order.count + 1)
"#;

#[tokio::test]
async fn models_are_checked_made_and_given_back_as_they_say_themselves() {
    let serving = Serving::start(&["--tools-string", MODEL, "--workers", "1"]).await;
    let schema = &serving.list().await["order"];
    assert_eq!(
        schema["properties"]["order"]["properties"]["item"]["$ref"],
        "#/$defs/Item"
    );
    assert_eq!(schema["$defs"]["Item"]["maxLength"], 3);
    let order = json!({ "order": { "item": "pen" } });
    let answer = serving.ask("order", order).await.message();
    let expected = json!({ "item": "PEN", "count": 2 });
    assert_eq!(answer["result"]["structuredContent"], expected);
    let (failed, told) = serving
        .call("order", json!({ "order": { "item": "pens" } }))
        .await;
    assert!(
        failed && told.starts_with("the arguments do not fit"),
        "{told}"
    );
}

const PRINTS: &str = "def prints() -> str:\n    print('a line')\n    return 'printed'\n";

#[tokio::test]
async fn variables_stand_for_flags_and_say_which_lines_are_shown() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for (shows, levels) in [
        (true, vec![]),
        (false, vec![("MCP_LOG_LEVEL", "ERROR")]),
        (false, vec![("LOG_LEVEL", "warning")]),
        (
            true,
            vec![("MCP_LOG_LEVEL", "INFO"), ("LOG_LEVEL", "ERROR")],
        ),
        (true, vec![("MCP_LOG_LEVEL", "nonsense=")]),
    ] {
        let mut command = kaos(&["--sessions", "0", "--workers", "1"]);
        command
            .env("MCP_TOOLS_STRING", PRINTS)
            .env("MCP_HOST", "127.0.0.2")
            .env("MCP_PORT", port.to_string())
            .envs(levels.iter().copied());
        let serving = Serving::by(command).await;
        assert_eq!(serving.address.to_string(), format!("127.0.0.2:{port}"));
        let answer = serving.call("prints", json!({})).await;
        assert_eq!(answer, (false, "printed".to_owned()));
        let (_, lines) = serving.end().await;
        assert_eq!(lines.contains("a line"), shows, "{levels:?}: {lines}");
    }
}

#[tokio::test]
async fn what_a_variable_cannot_be_is_said_and_a_flag_wins() {
    for (variable, value, why) in [
        (
            "MCP_HOST",
            "nowhere at all",
            "MCP_HOST is `nowhere at all`, which is no address",
        ),
        ("MCP_PORT", "70000", "MCP_PORT is `70000`, which is no port"),
    ] {
        let mut command = kaos(&["--tools-string", "", "--workers", "1"]);
        let output = command.env(variable, value).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(why), "{text}");
    }
    let mut command = kaos(&[
        "--tools-string",
        PRINTS,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]);
    command.args(["--sessions", "0", "--workers", "1"]);
    command.envs([
        ("MCP_HOST", "nowhere"),
        ("MCP_PORT", "70000"),
        ("MCP_TOOLS_STRING", "("),
    ]);
    let serving = Serving::by(command).await;
    assert_eq!(serving.call("prints", json!({})).await.1, "printed");
}
