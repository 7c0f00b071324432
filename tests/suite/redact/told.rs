//! What is told by a sentinel that is none, by a list of two, by a path into a quoted document,
//! and by a value that only says where one goes.

use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Field, HashKey, Redactor};

/// Rows of a text and the secret in it that must go.
#[track_caller]
fn go(redactor: &Redactor, rows: &[(&str, &str)]) {
    let mut left = Vec::new();
    for (text, secret) in rows {
        assert!(text.contains(secret), "{text}");
        let safe = redactor.any(text);
        if safe.as_str().contains(secret) {
            left.push(safe.as_str().to_owned());
        }
        let again = redactor.any(safe.as_str());
        assert_eq!(again.as_str(), safe.as_str(), "{text}");
    }
    assert!(left.is_empty(), "{left:#?}");
}

#[track_caller]
fn stay(redactor: &Redactor, texts: &[&str]) {
    let changed: Vec<String> = texts
        .iter()
        .map(|text| (text, redactor.any(text)))
        .filter(|(text, safe)| safe.as_str() != **text)
        .map(|(_, safe)| safe.as_str().to_owned())
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn a_forged_sentinel_is_a_value() {
    go(
        &Redactor::new(),
        &[
            ("password=<redacted:HUNTER2:8-chars>", "HUNTER2"),
            ("{\"password\":\"<redacted:HUNTER2:8-chars>\"}", "HUNTER2"),
            (
                "password=<redacted:PASSWORD:4111111111-chars>",
                "4111111111",
            ),
            (
                "{\"password\":\"<redacted:PASSWORD:4111111111-chars>\"}",
                "4111111111",
            ),
            ("password=<redacted:SECRET:deadbeefcafef00d>", "deadbeef"),
            (
                "{\"password\":\"<redacted:SECRET:deadbeefcafef00d>\"}",
                "deadbeef",
            ),
        ],
    );
    let keyed = Redactor::builder()
        .tokens(HashKey::new(vec![7; 32]).unwrap())
        .build()
        .unwrap();
    let own = Redactor::builder()
        .rule("BADGE", "EMP-", r"EMP-\d{6}\b")
        .build()
        .unwrap();
    stay(&keyed, &["password=<redacted:SECRET:deadbeefcafef00d>"]);
    stay(&own, &["password=<redacted:BADGE:10-chars>"]);
    stay(
        &Redactor::new(),
        &[
            "password=<redacted:PASSWORD:8-chars>",
            "{\"password\":\"<redacted:PASSWORD:8-chars>\"}",
        ],
    );
}

#[test]
fn what_is_glued_to_a_sentinel_goes_with_it() {
    go(
        &Redactor::new(),
        &[
            ("password=<redacted:PASSWORD:8-chars>realPw1", "realPw1"),
            ("password=realPw1<redacted:PASSWORD:8-chars>", "realPw1"),
            ("password: <redacted:PASSWORD:8-chars>realPw1\n", "realPw1"),
            (
                "login password=<redacted:PASSWORD:8-chars>realPw1 ok",
                "realPw1",
            ),
            ("Authorization: Bearer <redacted:JWT:8-chars>.q9w8", "q9w8"),
            (
                "{\"password\":\"<redacted:PASSWORD:8-chars>realPw1\"}",
                "realPw1",
            ),
        ],
    );
}

#[test]
fn a_list_of_a_name_and_a_string_is_a_pair() {
    let redactor = Redactor::new();
    go(
        &redactor,
        &[
            (r#"["--password", "x"]"#, "\"x\""),
            (r#"["password","hunter2"]"#, "hunter2"),
            (r#"["password","harbor"]"#, "harbor"),
        ],
    );
    stay(
        &redactor,
        &[
            r#"["user","password","email"]"#,
            r#"["password","token"]"#,
            r#"["host","harbor"]"#,
        ],
    );
}

#[test]
fn a_value_goes_behind_attributes_a_tag_or_an_anchor() {
    go(
        &Redactor::new(),
        &[
            ("<password type=\"x\">hunter2</password>", "hunter2"),
            ("<password><![CDATA[hunter2]]></password>", "hunter2"),
            ("host: db\npassword: !!str hunter2\n", "hunter2"),
            ("host: db\npassword: &pw hunter2\n", "hunter2"),
        ],
    );
    stay(
        &Redactor::new(),
        &[
            "password: !secret http_password\n",
            "password: &mut String\n",
            "    password: &str,\n",
            "<password type=\"x\"/>\n<b>hello2</b>",
            "a <password && b > hunter2",
        ],
    );
}

#[test]
fn a_placeholder_under_a_secret_key_stays_as_in_text() {
    stay(
        &Redactor::new(),
        &[
            r#"{"password":"${DB_PASSWORD}"}"#,
            r#"{"password":"$DB_PASSWORD"}"#,
            r#"{"password":"{{ vault.pw }}"}"#,
            r#"{"password":"<your password>"}"#,
            r#"{"api_key":"<your api key>"}"#,
            r#"{"password":"****"}"#,
            r#"{"token":"Hello","logprob":-0.3}"#,
        ],
    );
    go(
        &Redactor::new(),
        &[
            (r#"{"password":"hunter2"}"#, "hunter2"),
            (r#"{"password":"test"}"#, "test"),
            (r#"{"password":"<hunter2>"}"#, "hunter2"),
            (r#"{"password":"${x}hunter2"}"#, "hunter2"),
        ],
    );
}

#[test]
fn a_path_goes_into_documents_in_strings() {
    let policies = ContentPolicies::new(ContentPolicy::Redacted)
        .tool_path("bank", "$.note".parse().unwrap(), ContentPolicy::None)
        .tool_path("bank", "$.a.b".parse().unwrap(), ContentPolicy::None);
    for text in [
        r#"{"note":"quince"}"#,
        r#""{\"note\":\"quince\"}""#,
        r#"{"a":"{\"b\":\"quince\"}"}"#,
        r#"{"a":"{\"b\":{\"c\":[\"quince\"]}}"}"#,
        r#"{"note":"{\"b\":\"quince\"}"}"#,
        r#"{"note":"<redacted:QUINCE:8-chars>"}"#,
    ] {
        let safe = policies.apply(&Redactor::new(), Field::Result, Some("bank"), text);
        let out = safe.map(|safe| safe.as_str().to_owned()).unwrap();
        assert!(!out.to_lowercase().contains("quince"), "{text} {out}");
        assert!(!out.contains("INVALID"), "{text} {out}");
    }
    let other = r#"{"a":"{\"c\":\"quince\"}"}"#;
    let safe = policies.apply(&Redactor::new(), Field::Result, Some("bank"), other);
    assert_eq!(safe.unwrap().as_str(), other);
}
