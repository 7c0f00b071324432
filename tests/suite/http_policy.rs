//! One policy for every HTTP client of the workspace: keys go to the server that was named, and
//! nowhere else.

use std::process::Command;
use std::sync::Arc;

use kaos_runner::mcp::McpServer;
use kaos_runner::models::{Retries, SetupError};
use kaos_runner::testing::{Answer, ModelServer};
use kaos_runner::{
    Agent, AnthropicModel, Model, OpenAiModel, Runner, ToolSource as _, TurnErrorKind,
};

const KEY: &str = "sk-policy-0123456789";

/// The clients.
#[derive(Debug, Clone, Copy)]
enum Client {
    OpenAi,
    Anthropic,
    Mcp,
}

const CLIENTS: [Client; 3] = [Client::OpenAi, Client::Anthropic, Client::Mcp];

impl Client {
    /// Sends something to this base URL; `Err` is all that it says of what went wrong.
    async fn send(self, url: &str) -> Result<(), String> {
        let once = Retries {
            attempts: 1,
            ..Retries::default()
        };
        let model: Result<Arc<dyn Model>, SetupError> = match self {
            Self::OpenAi => {
                let model = OpenAiModel::builder(url, "m")
                    .api_key(KEY)
                    .retries(once)
                    .build();
                model.map(|model| Arc::new(model) as Arc<dyn Model>)
            }
            Self::Anthropic => {
                let model = AnthropicModel::builder("m").base_url(url).api_key(KEY);
                model
                    .retries(once)
                    .build()
                    .map(|model| Arc::new(model) as Arc<dyn Model>)
            }
            Self::Mcp => {
                let server = McpServer::http(url.to_owned()).header("x-api-key", KEY);
                let listed = server.tools().await;
                return listed
                    .map(drop)
                    .map_err(|why| format!("{why:?} {why} {server:?}"));
            }
        };
        let model = model.map_err(|why| format!("{why:?} {why}"))?;
        let shown = format!("{model:?}", model = model.call());
        let answered = Runner::new(Agent::new("a", model)).turn("Hi!", "s").await;
        answered.map(drop).map_err(|error| {
            let TurnErrorKind::Model(why) = error.kind() else {
                return format!("{error:?}");
            };
            format!("{shown} {why:?} {why}")
        })
    }
}

#[tokio::test]
async fn no_redirection_is_followed() {
    for client in CLIENTS {
        for status in [
            "301 Moved",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        ] {
            let elsewhere = ModelServer::start([]).await;
            let place = format!("{}/v1", elsewhere.url());
            let server =
                ModelServer::start([Answer::new(status, &[("location", &place)], "")]).await;
            client.send(server.url()).await.unwrap_err();
            assert_eq!(server.requests().len(), 1, "{client:?} {status}");
            assert!(elsewhere.requests().is_empty(), "{client:?} {status}");
        }
    }
}

#[tokio::test]
async fn credentials_in_a_url_are_never_shown() {
    let server = ModelServer::start([]).await;
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    for client in CLIENTS {
        // One that answers with an error, one that nobody is behind, and ones that are none.
        for url in [
            format!("http://me:secret-word@127.0.0.1:{port}/x"),
            "http://me:secret-word@127.0.0.1:1/x".to_owned(),
            format!("http://127.0.0.1:{port}/x?api_key=secret-word"),
            "http://127.0.0.1:1/x?api_key=secret-word".to_owned(),
            "http://me:secret-word@[::1/x".to_owned(),
        ] {
            let said = client.send(&url).await.unwrap_err();
            assert!(!said.contains("secret-word"), "{client:?}: {said}");
        }
    }
}

/// In a process of its own, whose environment names a proxy.
#[test]
fn this_machine_is_asked_directly_and_others_through_the_proxy() {
    const CHILD: &str = "KAOS_TESTS_PROXY";
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let Ok(proxy_seen) = std::env::var(CHILD) else {
        let _runs = runtime.enter();
        let proxy = runtime.block_on(ModelServer::start([]));
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "--nocapture"])
            .arg("http_policy::this_machine_is_asked_directly_and_others_through_the_proxy")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env(CHILD, "1");
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            child.env(name, proxy.url());
        }
        let output = child.output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let asked: Vec<String> = proxy
            .requests()
            .iter()
            .map(|it| it.line().to_owned())
            .collect();
        assert_eq!(
            asked.len(),
            CLIENTS.len(),
            "only for the host elsewhere: {asked:?}"
        );
        assert!(
            asked.iter().all(|line| line.contains("http://models.test")),
            "{asked:?}"
        );
        return;
    };
    assert_eq!(proxy_seen, "1");
    runtime.block_on(async {
        for client in CLIENTS {
            let server = ModelServer::start([]).await;
            let port = server.url().rsplit(':').next().unwrap().to_owned();
            for host in [
                "127.0.0.1",
                "localhost",
                "127.8.9.10",
                "[::ffff:127.0.0.1]",
                "kaos.localhost",
                "localhost.",
            ] {
                // It may be refused, or have no such name; the proxy does not hear of it.
                let _refused = client.send(&format!("http://{host}:{port}/v1")).await;
            }
            assert!(server.requests().len() >= 2, "{client:?}");
            client.send("http://models.test/v1").await.unwrap_err();
        }
    });
}
