//! What variables say together, or in part, and cannot be done: each is refused by its name, with the reason.

use super::super::said;
use super::serving;

/// Variables, and the words that are said of them.
type Refused = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const REFUSED: &[Refused] = &[
    (&[("AGENT_NAME", "   ")], &["AGENT_NAME is not set"]),
    (&[("AGENT_NAME", "a\nb")], &["AGENT_NAME is"]),
    (
        &[("MODEL_API_URL", "http://user:secret@h")],
        &["MODEL_API_URL cannot be used", "credentials"],
    ),
    (
        &[("OPENAI_API_KEY", "secret\nkey")],
        &["OPENAI_API_KEY is no text in visible ASCII"],
    ),
    (
        &[
            ("MODEL_API_URL", ""),
            ("MODEL_NAME", "anthropic:m"),
            ("ANTHROPIC_API_KEY", "secret\nkey"),
        ],
        &["ANTHROPIC_API_KEY cannot be used"],
    ),
    (
        &[("MODEL_API_URL", ""), ("MODEL_NAME", "bogus:x")],
        &[
            "MODEL_NAME cannot be used",
            "`bogus` names no model",
            "anthropic",
        ],
    ),
    (&[("MCP_SERVERS", "[x")], &["MCP_SERVERS is `[x`, not list"]),
    (&[("PEER_AGENTS", "x]")], &["PEER_AGENTS is `x]`, not list"]),
    (
        &[("KAOS_READY_REQUIRES", "[model")],
        &["KAOS_READY_REQUIRES"],
    ),
    (
        &[("DEBUG_MOCK_RESPONSES", " [] ")],
        &["DEBUG_MOCK_RESPONSES"],
    ),
    (
        &[("KAOS_ALLOWED_HOSTS", "*.example")],
        &["KAOS_ALLOWED_HOSTS"],
    ),
    (&[("KAOS_ALLOWED_HOSTS", "a b")], &["KAOS_ALLOWED_HOSTS"]),
    (
        &[("KAOS_ALLOWED_ORIGINS", "https://*.example")],
        &["KAOS_ALLOWED_ORIGINS"],
    ),
    (
        &[("KAOS_ALLOWED_ORIGINS", "https://ui.example/path")],
        &["KAOS_ALLOWED_ORIGINS"],
    ),
    (
        &[("AGENT_SUB_AGENTS", "a:http://h:1,b:http://h:2,a:http://h:3")],
        &["AGENT_SUB_AGENTS names an agent twice"],
    ),
    (
        &[
            ("PEER_AGENTS", "[\"a\",\"a\"]"),
            ("PEER_AGENT_A_CARD_URL", "http://h"),
        ],
        &["PEER_AGENTS names an agent twice"],
    ),
    (
        &[
            ("AGENT_SUB_AGENTS", "a-b:http://h:1,a_b:http://h:2"),
            ("PEER_AGENT_A_B_TOKEN", "secret"),
        ],
        &["PEER_AGENT_A_B_TOKEN would be the token of two agents"],
    ),
    (
        &[("AGENT_SUB_AGENTS", "a:http://h/base?token=abc")],
        &["AGENT_SUB_AGENTS has an address"],
    ),
    (
        &[
            ("AGENT_SUB_AGENTS", "a-b:http://h"),
            ("PEER_AGENT_A_B_TOKEN", "secret\nx"),
        ],
        &["PEER_AGENT_A_B_TOKEN has characters that cannot be sent"],
    ),
    (
        &[("KAOS_TRAIL_KEY", "/nowhere/key")],
        &["KAOS_TRAIL_KEY is set, and KAOS_TRAIL is not"],
    ),
    (
        &[("KAOS_TRAIL", "/etc/passwd")],
        &["KAOS_TRAIL", "File exists"],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_is_said_with_its_variable_and_why() {
    for (variables, words) in REFUSED {
        let output = serving(&[
            ("AGENT_NAME", "a"),
            ("MODEL_API_URL", "http://127.0.0.1:1"),
            ("MODEL_NAME", "m"),
        ])
        .envs(variables.iter().copied())
        .output()
        .await
        .unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{variables:?}: {text}");
        for word in *words {
            assert!(text.contains(word), "{variables:?}: {text}");
        }
        assert!(!text.contains("secret"), "{variables:?}: {text}");
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(why.lines().count(), 1, "{variables:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expression_that_is_none_is_refused_and_nothing_else_is_promised() {
    let output = serving(&[
        ("AGENT_NAME", "a"),
        ("DEBUG_MOCK_RESPONSES", "hi"),
        ("OTEL_SDK_DISABLED", "false"),
        ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "("),
    ])
    .output()
    .await
    .unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    let expected = "kaos: entry 1 of OTEL_PYTHON_FASTAPI_EXCLUDED_URLS is no regular expression\n";
    assert_eq!(text, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_may_be_a_name_and_a_list_may_be_one_host_of_ipv6() {
    use super::super::kaos;
    let mut command = kaos(&["agent", "serve", "--port", "0", "--host", "localhost"]);
    command
        .env("AGENT_NAME", "a")
        .env("DEBUG_MOCK_RESPONSES", "hi")
        .env("KAOS_ALLOWED_HOSTS", "[2001:db8::1]");
    let (_child, at) = super::super::serve::serving(&mut command).await;
    assert!(at.ip().is_loopback());
    let ask = "GET /health HTTP/1.1\r\nHost: [2001:db8::1]:9\r\n\r\n";
    let mut connection = crate::server::client::Connection::open(at).await;
    assert_eq!(connection.ask(ask.as_bytes()).await.status, 200);
}
