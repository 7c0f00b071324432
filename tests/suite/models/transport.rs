//! How requests travel, for both APIs: headers, dates, silence between two chunks.

use std::sync::Arc;
use std::time::Duration;

use kaos_runner::models::{Retries, Timeouts};
use kaos_runner::testing::{Answer, Api, ModelServer};
use kaos_runner::{Agent, AnthropicModel, Model, ModelReply, OpenAiModel};
use kaos_tests::Stopped;
use kaos_tests::observed::Observed;
use tokio::time::{Instant, advance};

use super::both::{APIS, agent, model};
use super::{KEY, Mode, pieces, retries, turn};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn retry_after_may_be_a_date_by_the_endpoint_s_own_clock() {
    for api in APIS {
        let headers = [
            ("date", "Wed, 21 Oct 2015 07:27:53 GMT"),
            ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ];
        let busy = Answer::new("429 Too Many Requests", &headers, "slow down");
        let done = api.answer(&ModelReply::text("Done."), false);
        let server = ModelServer::start([busy, done]).await;
        let _stopped = Stopped::clock();
        let began = Instant::now();
        let observed = Arc::new(Observed::new(agent(api, &server)));
        let going = Arc::clone(&observed);
        let task = tokio::spawn(async move { turn(&going, Mode::Whole).await });
        while retries(&observed.recorder.events()).is_empty() {
            tokio::task::yield_now().await;
        }
        let told = retries(&observed.recorder.events())[0]
            .attributes
            .get("kaos.retry.delay_ms")
            .cloned();
        assert_eq!(told, Some(7000_i64.into()), "{api:?}");
        advance(7 * SECOND + Duration::from_millis(5)).await;
        assert_eq!(task.await.unwrap().unwrap().text(), "Done.");
        assert!(began.elapsed() < 8 * SECOND);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_date_that_is_past_or_none_is_no_wait_of_its_own() {
    let past = [
        ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT"),
    ];
    let odd = [("date", "today"), ("retry-after", "tomorrow")];
    let negative = [("date", "x"), ("retry-after", "-5")];
    for headers in [past, odd, negative] {
        let busy = Answer::new("429 Too Many Requests", &headers, "slow down");
        let done = Api::ChatCompletions.answer(&ModelReply::text("Done."), false);
        let server = ModelServer::start([busy, done]).await;
        let observed = Observed::new(agent(Api::ChatCompletions, &server));
        assert_eq!(turn(&observed, Mode::Whole).await.unwrap().text(), "Done.");
    }
    // Longer than a number can say is longer than anybody waits.
    for wait in ["99999999999999999999", "inf"] {
        let busy = Answer::new("429 Too Many Requests", &[("retry-after", wait)], "later");
        let server = ModelServer::start([busy]).await;
        let observed = Observed::new(agent(Api::ChatCompletions, &server));
        let answered = turn(&observed, Mode::Whole).await;
        super::fails(&observed, &answered, "rate_limited");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn silence_between_two_chunks_has_a_limit_of_its_own() {
    for api in APIS {
        let mut events = api.stream(&ModelReply::text("Hello."));
        events.truncate(if api == Api::Messages { 4 } else { 2 });
        let server = ModelServer::start([Answer::stream_head().chunks(events).hang()]).await;
        let _stopped = Stopped::clock();
        let observed = Arc::new(Observed::new(agent(api, &server)));
        let going = Arc::clone(&observed);
        let task = tokio::spawn(async move { turn(&going, Mode::Streamed).await });
        while pieces(&observed.recorder.events()).text.is_empty() {
            tokio::task::yield_now().await;
        }
        advance(121 * SECOND).await; // well before the total of five minutes
        let answered = task.await.unwrap();
        super::fails(&observed, &answered, "timeout");
        server.gone(1).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_connection_that_stays_open_behind_the_last_word_keeps_nobody() {
    // Messages say themselves when they end; of the other, what follows is the accounting.
    let events = Api::Messages.stream(&ModelReply::text("Hello."));
    let server = ModelServer::start([Answer::stream_head().chunks(events).hang()]).await;
    let observed = Observed::new(agent(Api::Messages, &server));
    assert_eq!(
        turn(&observed, Mode::Streamed).await.unwrap().text(),
        "Hello."
    );
}

#[tokio::test]
async fn headers_of_one_s_own_replace_others_and_stay_secret() {
    let secret = "gateway-secret-0123";
    let echoed = format!("you sent {secret} and {KEY}");
    for api in APIS {
        let refused = Answer::new("403 Forbidden", &[], &echoed);
        let server = ModelServer::start([refused]).await;
        let once = Retries {
            attempts: 1,
            ..Retries::default()
        };
        let model: Arc<dyn Model> = match api {
            Api::ChatCompletions => {
                let model = OpenAiModel::builder(server.url(), "m")
                    .api_key(KEY)
                    .retries(once);
                let model = model
                    .header("X-Gateway", secret)
                    .header("authorization", "Basic eA==");
                assert!(!format!("{model:?}").contains(secret));
                Arc::new(model.build().unwrap())
            }
            Api::Messages => {
                let model = AnthropicModel::builder("m")
                    .base_url(server.url())
                    .api_key(KEY)
                    .retries(once);
                let model = model
                    .header("X-Gateway", secret)
                    .header("anthropic-beta", "x-2025");
                assert!(!format!("{model:?}").contains(secret));
                Arc::new(model.build().unwrap())
            }
        };
        let observed = Observed::new(Agent::new("assistant", model));
        let error = turn(&observed, Mode::Whole).await.unwrap_err();
        let request = &server.requests()[0];
        assert_eq!(request.header("x-gateway"), Some(secret));
        match api {
            Api::ChatCompletions => assert_eq!(request.header("authorization"), Some("Basic eA==")),
            Api::Messages => {
                assert_eq!(request.header("x-api-key"), Some(KEY));
                assert_eq!(request.header("authorization"), None);
                assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
                assert_eq!(request.header("anthropic-beta"), Some("x-2025"));
            }
        }
        let said = format!("{error:?}");
        assert!(said.contains("you sent *** and ***"), "{said}");
    }
    let odd = OpenAiModel::builder("http://localhost", "m")
        .header("a b", "c")
        .build();
    assert_eq!(
        odd.unwrap_err().to_string(),
        "the header `a b` has a name or characters that cannot be sent"
    );
}

#[tokio::test]
async fn the_limit_between_chunks_is_a_setting() {
    let mut events = Api::ChatCompletions.stream(&ModelReply::text("Hello."));
    events.truncate(2);
    let server = ModelServer::start([Answer::stream_head().chunks(events).hang()]).await;
    let model = super::builder(&server).timeouts(Timeouts {
        between_chunks: Duration::from_millis(20),
        ..Timeouts::default()
    });
    let observed = Observed::new(super::agent(model));
    let answered = turn(&observed, Mode::Streamed).await;
    super::fails(&observed, &answered, "timeout");
}

#[test]
fn a_model_is_known_by_its_name() {
    use kaos_runner::models::{model_by_name_with, model_from_vars};
    let keys = |name: &str| name.ends_with("_API_KEY").then(|| "key".to_owned());
    let rows = [
        (
            "anthropic:claude-haiku-4-5",
            "anthropic",
            "claude-haiku-4-5",
            "api.anthropic.com",
            443,
        ),
        (
            "openai:gpt-5-mini",
            "openai",
            "gpt-5-mini",
            "api.openai.com",
            443,
        ),
        (
            "gemini:gemini-2.5-flash",
            "gcp.gemini",
            "gemini-2.5-flash",
            "generativelanguage.googleapis.com",
            443,
        ),
        (
            "deepseek:deepseek-chat",
            "deepseek",
            "deepseek-chat",
            "api.deepseek.com",
            443,
        ),
        (
            "mistral:magistral-small",
            "mistral_ai",
            "magistral-small",
            "api.mistral.ai",
            443,
        ),
        (
            "groq:openai/gpt-oss-20b",
            "groq",
            "openai/gpt-oss-20b",
            "api.groq.com",
            443,
        ),
        (
            "openrouter:qwen/qwen3:free",
            "openrouter",
            "qwen/qwen3:free",
            "openrouter.ai",
            443,
        ),
        (
            "ollama:qwen3:0.6b",
            "ollama",
            "qwen3:0.6b",
            "localhost",
            11434,
        ),
        (
            "http://10.0.0.7:8000/v1#qwen3",
            "openai",
            "qwen3",
            "10.0.0.7",
            8000,
        ),
    ];
    for (name, provider, model, host, port) in rows {
        let found = model_by_name_with(name, keys).unwrap();
        let call = found.call();
        let server = call.server.unwrap();
        assert_eq!(
            (
                call.provider.as_str(),
                call.model.as_str(),
                server.address.as_str(),
                server.port
            ),
            (provider, model, host, port)
        );
        // And so is that of `MODEL_NAME`, where no URL is set.
        let vars = |variable: &str| {
            (variable == "MODEL_NAME")
                .then(|| name.to_owned())
                .or_else(|| keys(variable))
        };
        assert_eq!(model_from_vars(vars).unwrap().call().provider, provider);
    }
}

#[test]
fn a_name_that_stands_for_no_model_is_refused() {
    use kaos_runner::models::{model_by_name_with, model_from_vars};
    let refused = |name: &str, says: &str| {
        let error = model_by_name_with(name, |_| None).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with(says), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    };
    refused(
        "anthropic:claude-haiku-4-5",
        "ANTHROPIC_API_KEY is not set; set it to ",
    );
    refused(
        "nobody:gpt",
        "`nobody` names no model; write provider:model",
    );
    refused("gpt-5", "`gpt-5` names no model");
    refused("openai:", "`openai` names no model");
    refused(
        "http://me:secret@host/v1",
        "the base URL has no #model behind it",
    );
    refused(
        "http://me:secret@host/v1#m",
        "the base URL holds credentials",
    );
    // A tag is no provider: where to say the endpoint is in the words.
    let vars = |variable: &str| (variable == "MODEL_NAME").then(|| "llama3.2:latest".to_owned());
    let error = model_from_vars(vars).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "MODEL_NAME cannot be used");
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("`llama3.2` names no model"), "{why}");
    assert!(why.contains("url#model"), "{why}");
}

#[tokio::test]
async fn the_conversation_is_json_only_for_those_who_look() {
    use kaos_hooks::{Event, Str, Subject};
    use std::sync::Mutex;
    let server = super::both::says(
        Api::ChatCompletions,
        Mode::Whole,
        &[ModelReply::text("Hi.")],
    )
    .await;
    let seen: Arc<Mutex<Vec<Str>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let hook = move |event: &Event<'_>| {
        if let Some(Subject::LlmCall(call)) = event.span().map(|span| span.subject) {
            kept.lock().unwrap().extend(call.input.clone());
        }
    };
    let agent = Agent::new("assistant", model(Api::ChatCompletions, server.url()));
    kaos_runner::Runner::new(agent)
        .hooks(hook)
        .turn("Hi!", "s")
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert!(matches!(seen[0], Str::Lazy(_)), "nobody has looked");
    assert_eq!(
        seen[0],
        r#"[{"parts":[{"content":"Hi!","type":"text"}],"role":"user"}]"#
    );
}
