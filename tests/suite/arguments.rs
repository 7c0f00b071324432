//! Whether arguments fit a tool's schema, which comes from a server that may be anybody's.

use async_trait::async_trait;
use kaos_runner::{ModelReply, Runner, Tool, ToolContext, ToolError, ToolOutput, ToolSpec};
use kaos_tests::Folder;
use kaos_tests::agents::{self, watched};
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct Echo(ToolSpec);

#[async_trait]
impl Tool for Echo {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(
        &self,
        _arguments: &str,
        _context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        Ok("ran".into())
    }
}

/// What the model is told of a call with these arguments: `ran`, or what is wrong with them.
async fn told(schema: Value, arguments: &str) -> String {
    let call = ModelReply::call("1", "echo", arguments.to_owned());
    let (model, asked) = watched([call, ModelReply::text("done")]);
    let tool = Echo(ToolSpec::new("echo", "Says that it ran.", schema));
    let runner = Runner::new(agents::agent("assistant", model).tool(tool));
    runner.turn("Work.", "s").await.unwrap();
    let told = asked.results().concat();
    let fault = told.strip_prefix("error: the arguments do not fit the schema: ");
    fault.unwrap_or(&told).to_owned()
}

#[tokio::test]
async fn the_model_is_told_which_field_is_wrong_and_what_was_expected() {
    let unit = json!({ "anyOf": [{ "$ref": "#/$defs/Unit" }, { "type": "null" }] });
    let rows = [
        (
            json!({ "type": ["integer", "null"] }),
            json!("six"),
            r#"/it: "six" is not of type "null" or "integer""#,
        ),
        (
            json!({ "enum": ["celsius", "fahrenheit"] }),
            json!("kelvin"),
            r#"/it: "kelvin" is not one of "celsius", "fahrenheit""#,
        ),
        (json!({ "const": 7 }), json!(6), "/it: 6 is not 7"),
        (
            json!({ "minimum": 1 }),
            json!(0),
            "/it: must be >=1, but got 0",
        ),
        (
            json!({ "maxLength": 2 }),
            json!("äöü"),
            "/it: length must be <=2, but got 3",
        ),
        (
            json!({ "pattern": "^[a-z]+$" }),
            json!("A1"),
            r#"/it: "A1" does not match the pattern "^[a-z]+$""#,
        ),
        (
            json!({ "items": { "type": "string" } }),
            json!(["a", 1, 2]),
            r#"/it/1: 1 is not of type "string"; /it/2: 2 is not of type "string""#,
        ),
        (
            json!({ "properties": { "a/b": true }, "additionalProperties": false }),
            json!({ "a/b": 1, "c": 2 }),
            r#"/it: there is no property "c""#,
        ),
        (
            json!({ "required": ["x", "y"] }),
            json!({}),
            r#"/it: "x" is a required property; /it: "y" is a required property"#,
        ),
        (
            json!({ "propertyNames": { "maxLength": 1 } }),
            json!({ "ab": 1 }),
            r#"arguments: the name "ab" is not allowed: length must be <=1, but got 2"#,
        ),
        (
            json!({ "propertyNames": { "pattern": "^[a-z]+$" } }),
            json!({ "A": 1 }),
            r#"arguments: the name "A" is not allowed: "A" does not match the pattern "^[a-z]+$""#,
        ),
        (
            json!({ "properties": { "a/b": { "type": "string" } } }),
            json!({ "a/b": false }),
            r#"/it/a~1b: false is not of type "string""#,
        ),
        (unit.clone(), json!("celsius"), "ran"),
        (unit.clone(), Value::Null, "ran"),
        (
            unit,
            json!("kelvin"),
            r#"/it: fits none of the alternatives: "kelvin" is not one of "celsius", "fahrenheit"; or "kelvin" is not of type "null""#,
        ),
        (
            json!({ "oneOf": [{ "minimum": 1 }, { "minimum": 2 }] }),
            json!(3),
            "/it: 3 fits more than one of the alternatives",
        ),
        (
            json!({ "not": { "const": 3 } }),
            json!(3),
            "/it: 3 is what must not stand here",
        ),
        (json!(false), json!(3), "/it: nothing may stand here"),
    ];
    for (schema, value, expected) in rows {
        let whole = json!({
            "type": "object",
            "properties": { "it": schema },
            "$defs": { "Unit": { "type": "string", "enum": ["celsius", "fahrenheit"] } },
        });
        let arguments = json!({ "it": value }).to_string();
        assert_eq!(told(whole, &arguments).await, expected, "{schema} {value}");
    }
}

#[tokio::test]
async fn what_the_model_is_told_is_short_however_much_is_wrong() {
    let schema = json!({ "additionalProperties": { "type": "integer" } });
    let long = "ä".repeat(10_000);
    let fields = (0..1_000).map(|field| (field.to_string(), json!(long)));
    let arguments = Value::Object(fields.collect()).to_string();
    let told = told(schema, &arguments).await;
    assert!(told.ends_with("; …"), "{told}");
    assert_eq!(
        told.matches("… is not of type \"integer\"").count(),
        5,
        "{told}"
    );
    assert!(told.chars().count() < 700, "{told}");
}

#[tokio::test]
async fn a_schema_never_opens_a_file_or_a_url() {
    let directory = Folder::new("arguments");
    let file = directory.join("refuses.json");
    std::fs::write(&file, "false").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/refuses.json", listener.local_addr().unwrap());
    let places = [
        format!("file://{}", file.display()),
        file.display().to_string(),
        url.clone(),
        url.replace("http", "https"),
    ];
    for place in places {
        let schemas = [
            json!({ "$ref": place }),
            json!({ "$schema": place }),
            json!({ "$dynamicRef": place }),
            json!({ "$id": place, "properties": { "it": { "$ref": "other.json" } } }),
            json!({ "properties": { "it": { "allOf": [{ "$ref": format!("{place}#/x") }] } } }),
        ];
        for schema in schemas {
            // A file that were read would refuse everything.
            assert_eq!(told(schema.clone(), r#"{"it":1}"#).await, "ran", "{schema}");
        }
    }
    let nobody = futures_util::future::FutureExt::now_or_never(listener.accept());
    assert!(nobody.is_none(), "somebody connected");
}

#[tokio::test]
async fn a_hostile_schema_neither_hangs_nor_panics() {
    let text = format!("{}b", "a".repeat(50_000));
    let arguments = json!({ "it": text }).to_string();
    for pattern in ["^(a+)+$", "^(a|a)*$", "^(.*a){12}$", "^(a|aa)+$"] {
        let schema = json!({ "properties": { "it": { "pattern": pattern } } });
        let told = told(schema, &arguments).await;
        assert!(told.contains("does not match the pattern"), "{told}");
    }
    let unusable = [
        json!({ "properties": { "it": { "pattern": r"(\w{1000}){1000}" } } }),
        json!({ "patternProperties": { r"(\w{1000}){1000}": false } }),
        json!({ "properties": { "it": { "pattern": r"(?=a)\1" } } }),
        json!({ "properties": { "it": { "pattern": "(" } } }),
        json!({ "type": "no such type" }),
        json!({ "$ref": "#/nowhere" }),
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "$id": "::::" }),
        json!(7),
    ];
    for schema in unusable {
        assert_eq!(told(schema.clone(), &arguments).await, "ran", "{schema}");
    }
}

#[tokio::test]
async fn a_schema_as_deep_as_a_stranger_likes_does_not_end_the_process() {
    // As deep as JSON is read.
    let (mut schema, mut arguments) = (json!({ "type": "integer" }), json!("x"));
    for _ in 0..30 {
        schema = json!({ "allOf": [{ "properties": { "it": schema } }] });
        arguments = json!({ "it": arguments });
    }
    let told_of = told(schema, &arguments.to_string()).await;
    assert!(
        told_of.ends_with(r#"/it: "x" is not of type "integer""#),
        "{told_of}"
    );

    // Flat, and deep all the same.
    let links: [fn(Value) -> Value; 5] = [
        |next| next,
        |next| json!({ "allOf": [next] }),
        |next| json!({ "not": { "not": next } }),
        |next| json!({ "if": true, "then": next }),
        |next| json!({ "dependentSchemas": { "it": next } }),
    ];
    for link in links {
        let next = |at| link(json!({ "$ref": format!("#/$defs/{}", at + 1) }));
        let mut parts: serde_json::Map<_, _> = (0..1_000)
            .map(|at: usize| (at.to_string(), next(at)))
            .collect();
        parts.insert("1000".to_owned(), json!({ "type": "array" }));
        let schema = json!({ "$ref": "#/$defs/0", "$defs": parts });
        let told = told(schema, r#"{"it":1}"#).await;
        assert!(told.starts_with("arguments: {\"it\":1} is"), "{told}");
    }
}
