use serde_json::Value;

/// A request as it came.
///
/// # Example
///
/// What a model was really sent, whichever API it speaks:
///
/// ```
/// use kaos_runner::testing::{Api, ModelServer, Request};
/// use kaos_runner::{Agent, AnthropicModel, ModelReply, Runner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let answer = Api::Messages.answer(&ModelReply::text("Twelve months."), false);
/// let server = ModelServer::start([answer]).await;
/// let model = AnthropicModel::builder("test-model").base_url(server.url()).api_key("key").build()?;
/// Runner::new(Agent::new("assistant", model)).turn("How long?", "s").await?;
///
/// let sent: Vec<Request> = server.requests();
/// assert!(sent[0].path().ends_with("/messages"));
/// assert_eq!(sent[0].header("x-api-key"), Some("key"));
/// assert_eq!(sent[0].body["model"], "test-model");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) head: String,
    /// The body.
    pub body: Value,
}

impl Request {
    /// The first line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The path, without what is asked behind it.
    pub fn path(&self) -> &str {
        let target = self.line().split(' ').nth(1).unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}
