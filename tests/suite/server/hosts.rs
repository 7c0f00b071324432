//! Under which names a server is asked, and from which web pages.

use kaos_runner::server::{Access, Server};
use kaos_runner::{Agent, FunctionModel};

use super::{Answered, Serving, watched};

async fn serving(address: &str, access: Access) -> Serving {
    let (runner, _) = watched(Agent::new("assistant", FunctionModel::answer("Hello.")));
    Serving::at(address, Server::new(runner).access(access)).await
}

async fn ask(server: &Serving, target: &str, headers: &[&str]) -> Answered {
    let lines: Vec<String> = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {target} HTTP/1.1\r\n{}\r\n", lines.concat());
    server.connect().await.ask(request.as_bytes()).await
}

#[tokio::test]
async fn on_a_loopback_address_only_loopback_names_are_served() {
    let server = serving(
        "127.0.0.1:0",
        Access::new().hosts(["Agents.example", "other.example:81"]),
    )
    .await;
    let table = [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("localhost.", 200),
        ("agent.localhost:8000", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:8000", 200),
        ("127.8.9.10", 200),
        ("[::1]", 200),
        ("[::1]:8000", 200),
        ("[0:0:0:0:0:0:0:1]:8000", 200),
        ("[::ffff:127.0.0.1]:8000", 200),
        ("agents.example", 200),
        ("AGENTS.EXAMPLE.:8443", 200),
        ("other.example:81", 200),
        ("other.example", 403),
        ("other.example:82", 403),
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("localhostevil", 403),
        ("127.0.0.1.evil.example", 403),
        ("agents.example.evil.example", 403),
        ("0.0.0.0", 403),
        ("[::]", 403),
        ("0x7f.1", 403),
        ("2130706433", 403),
        ("10.0.0.7", 403),
        ("[fe80::1]", 403),
        ("::1", 400),
        ("[::1", 400),
        ("[localhost]", 400),
        ("localhost:x", 400),
        ("localhost:99999", 400),
        ("user@localhost", 400),
        ("local host", 400),
        ("", 400),
    ];
    for (host, status) in table {
        for path in ["/v1/models", "/health"] {
            let answer = ask(&server, path, &[&format!("Host: {host}")]).await;
            assert_eq!(answer.status, status, "{host}");
            if status != 200 {
                let code = if status == 403 {
                    "host_not_allowed"
                } else {
                    "invalid_host"
                };
                assert_eq!(answer.error().1, code, "{host}");
            }
        }
    }
    let two = ask(
        &server,
        "/health",
        &["Host: localhost", "Host: evil.example"],
    )
    .await;
    assert_eq!(two.status, 400);
    // What the target names counts, whatever the header says (RFC 9112, 3.2.2).
    let named = ask(&server, "http://evil.example/health", &["Host: localhost"]).await;
    assert_eq!(named.status, 403);
    let named = ask(&server, "http://localhost/health", &["Host: evil.example"]).await;
    assert_eq!(named.status, 200);
}

#[tokio::test]
async fn elsewhere_every_name_is_served_unless_some_are_named_and_probes_always() {
    let every = serving("0.0.0.0:0", Access::new()).await;
    for host in [
        "agent.team.svc:8000",
        "10.0.0.7:8000",
        "[fd00::7]:8000",
        "localhost",
    ] {
        assert_eq!(
            ask(&every, "/v1/models", &[&format!("Host: {host}")])
                .await
                .status,
            200,
            "{host}"
        );
    }
    // A name that a web page has made point here is none of the server's own.
    let rebound = [
        "Host: evil.example:8000",
        "Origin: http://evil.example:8000",
    ];
    assert_eq!(ask(&every, "/v1/models", &rebound).await.status, 403);
    let named = serving("0.0.0.0:0", Access::new().hosts(["agent.team.svc"])).await;
    let own = ["Host: agent.team.svc", "Origin: https://agent.team.svc"];
    assert_eq!(ask(&named, "/v1/models", &own).await.status, 200);
    for (host, status) in [
        ("agent.team.svc:8000", 200),
        ("agent.team.svc.", 200),
        ("10.0.0.7:8000", 403),
        ("localhost", 403),
        ("evil.example", 403),
    ] {
        assert_eq!(
            ask(&named, "/v1/models", &[&format!("Host: {host}")])
                .await
                .status,
            status,
            "{host}"
        );
        assert_eq!(
            ask(&named, "/ready", &[&format!("Host: {host}")])
                .await
                .status,
            200,
            "{host}"
        );
    }
    let all = serving("127.0.0.1:0", Access::new().hosts(["*"])).await;
    assert_eq!(
        ask(&all, "/v1/models", &["Host: evil.example"])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn it_listens_at_an_address_of_ipv6() {
    let server = serving("[::1]:0", Access::new()).await;
    let own = format!("Host: [::1]:{}", server.at.port());
    assert_eq!(ask(&server, "/health", &[&own]).await.status, 200);
    assert_eq!(
        ask(&server, "/health", &["Host: evil.example"])
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn a_web_page_of_another_origin_is_refused_unless_it_is_allowed() {
    let access = Access::new().origins(["https://ui.example", "http://localhost:3000"]);
    let server = serving("127.0.0.1:0", access).await;
    let table = [
        ("http://localhost:8000", 200),
        ("http://LOCALHOST:8000", 200),
        ("https://localhost:8000", 200),
        ("https://ui.example", 200),
        ("https://UI.example:443", 200),
        ("http://localhost:3000", 200),
        ("http://ui.example", 403),
        ("https://ui.example:8443", 403),
        ("https://ui.example.evil.example", 403),
        ("https://evil.example", 403),
        ("http://localhost", 403),
        ("http://localhost:8001", 403),
        ("http://127.0.0.1:8000", 403),
        ("null", 403),
        ("", 403),
        ("file://", 403),
        ("https://ui.example, https://evil.example", 403),
    ];
    for (origin, status) in table {
        let headers = ["Host: localhost:8000", &format!("Origin: {origin}")];
        for path in ["/v1/models", "/health"] {
            let answer = ask(&server, path, &headers).await;
            assert_eq!(answer.status, status, "{origin}");
            let shared = answer.header("access-control-allow-origin");
            if status == 403 {
                assert_eq!(answer.error().1, "origin_not_allowed");
                assert_eq!(shared, None, "{origin}");
            }
        }
    }
    let two = [
        "Host: localhost:8000",
        "Origin: https://ui.example",
        "Origin: https://evil.example",
    ];
    assert_eq!(ask(&server, "/health", &two).await.status, 403);
}

#[tokio::test]
async fn the_browser_of_an_allowed_page_is_told_what_it_asks_before_it_shows_a_token() {
    let access = Access::new()
        .token("s3cret")
        .origins(["https://ui.example"]);
    let server = serving("127.0.0.1:0", access).await;
    let asks = |origin: &str| {
        format!(
            "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization,content-type\r\n\r\n"
        )
    };
    let allowed = server
        .connect()
        .await
        .ask(asks("https://ui.example").as_bytes())
        .await;
    assert_eq!(allowed.status, 200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some("https://ui.example")
    );
    let headers = allowed.header("access-control-allow-headers");
    assert_eq!(headers, Some("authorization,content-type"));
    let foreign = server
        .connect()
        .await
        .ask(asks("https://evil.example").as_bytes())
        .await;
    assert_eq!(foreign.status, 403);
    assert_eq!(foreign.header("access-control-allow-origin"), None);
}
