//! An API server that keeps what it is given, and answers what a test wants.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::FutureExt as _;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use kaos_operator::kubernetes::{LeaseLost, Operator, OperatorSettings};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, advance, sleep, sleep_until};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tower_test::mock::{self, Handle};

/// A status code and a body, instead of what would be done.
pub(super) type Answer = Option<(u16, Value)>;

/// The body of an answer.
type Answered = UnsyncBoxBody<Bytes, Infallible>;

/// A request that was made: when (in seconds), how, where, with what.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) at: u64,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}

/// Objects by their paths.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) objects: BTreeMap<String, Value>,
    /// Who watches which list.
    watches: Vec<(String, Sender<Bytes>)>,
    /// What happens, and after how many seconds.
    pub(super) change: Option<(u64, Change)>,
    /// What happens right after something was asked at a path, and answered.
    pub(super) meanwhile: Option<(&'static str, Change)>,
    /// Whether operators hold a Lease.
    pub(super) has_lease: bool,
    /// After how many seconds something is answered: at once, unless it is said.
    pub(super) delay: Option<fn(&Asked) -> u64>,
    /// How many seconds the operator is stopped right after this has been answered.
    pub(super) pause: Option<(&'static str, u64)>,
}

type Change = fn(&mut Cluster);

impl Cluster {
    /// Runs an operator for so long, or until it has made so many requests and is killed. Gives what was asked but lists
    /// and watches.
    pub(super) async fn run(
        &mut self,
        seconds: u64,
        requests: usize,
        answers: impl FnMut(&Asked) -> Answer,
    ) -> Vec<Asked> {
        let (log, ended) = self.run_to_its_end(seconds, requests, answers).await;
        ended.unwrap();
        log
    }

    /// The same, and how the operator has ended; one that is killed is well.
    pub(super) async fn run_to_its_end(
        &mut self,
        seconds: u64,
        requests: usize,
        mut answers: impl FnMut(&Asked) -> Answer,
    ) -> (Vec<Asked>, Result<(), LeaseLost>) {
        let (service, mut server) = mock::pair::<Request<Body>, Response<Answered>>();
        let has_lease = self.has_lease.to_string();
        let variables = |name: &str| (name == "LEADER_ELECTION").then(|| has_lease.clone());
        self.watches.clear();
        let settings = OperatorSettings::from_vars(variables).unwrap();
        let operator = Operator::new(Client::new(service, "default"), settings);
        let began = Instant::now();
        let until = began + Duration::from_secs(seconds);
        let mut log = Vec::new();
        let ended = tokio::select! {
            ended = operator.run(sleep_until(until)) => ended,
            () = self.serve(&mut server, began, requests, &mut log, &mut answers) => Ok(()),
        };
        (log, ended)
    }

    async fn serve(
        &mut self,
        server: &mut Handle<Request<Body>, Response<Answered>>,
        began: Instant,
        requests: usize,
        log: &mut Vec<Asked>,
        answers: &mut impl FnMut(&Asked) -> Answer,
    ) {
        loop {
            let change = self.change.map(|it| it.0);
            let next = tokio::select! {
                next = server.next_request() => next,
                () = sleep_until(began + Duration::from_secs(change.unwrap_or_default())), if change.is_some() => {
                    let (_, change) = self.change.take().unwrap();
                    change(self);
                    continue;
                }
            };
            let Some((request, reply)) = next else { return };
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let query = parts.uri.query().unwrap_or_default();
            let mut asked = Asked {
                at: began.elapsed().as_secs(),
                method: parts.method,
                path: parts.uri.path().to_owned(),
                body: serde_json::from_slice(&body).unwrap_or_default(),
            };
            if asked.method == Method::POST {
                let name = asked.body["metadata"]["name"].as_str().unwrap();
                asked.path = format!("{}/{name}", asked.path);
            }
            let path = asked.path.clone();
            if query.contains("watch=true") {
                let (sender, receiver) = channel(64);
                self.watches.push((asked.path.clone(), sender));
                let events = ReceiverStream::new(receiver);
                let events = events.map(|it| Ok::<_, Infallible>(Frame::data(it)));
                reply.send_response(Response::new(StreamBody::new(events).boxed_unsync()));
            } else if query.contains("limit=") {
                let items = self.listed(&asked.path);
                let list = json!({"metadata": {"resourceVersion": "1"}, "items": items});
                reply.send_response(response(200, &list));
            } else if log.len() == requests {
                return; // killed before it hears
            } else {
                let (code, body) = answers(&asked).unwrap_or_else(|| self.done(&asked));
                let delay = self.delay.map_or(0, |it| it(&asked));
                log.push(asked);
                let answer = response(code, &body);
                if delay == 0 {
                    reply.send_response(answer);
                } else {
                    tokio::spawn(async move {
                        sleep(Duration::from_secs(delay)).await;
                        reply.send_response(answer);
                    });
                }
                if log.len() == requests {
                    return;
                }
            }
            if let Some((_, change)) = self.meanwhile.take_if(|(at, _)| *at == path) {
                change(self);
            }
            if let Some((_, seconds)) = self.pause.take_if(|(at, _)| *at == path) {
                // To wait for it would be to have all that is due done first.
                let _passed = advance(Duration::from_secs(seconds)).now_or_never();
            }
        }
    }

    fn listed(&self, path: &str) -> Vec<Value> {
        let (group, plural) = path.rsplit_once('/').unwrap();
        let group = group.split("/namespaces/").next().unwrap();
        let of = |it: &str| {
            let (collection, _) = it.rsplit_once('/').unwrap();
            it.starts_with(&format!("{group}/namespaces/"))
                && collection.ends_with(&format!("/{plural}"))
        };
        let objects = self.objects.iter().filter(|(it, _)| of(it));
        objects.map(|(_, object)| object.clone()).collect()
    }

    /// Shows an object to those who watch it.
    pub(super) fn show(&mut self, kind: &str, path: &str, object: &Value) {
        let watches = std::mem::take(&mut self.watches);
        let shown = Bytes::from(format!("{}\n", json!({"type": kind, "object": object})));
        for (list, watch) in &watches {
            let (group, plural) = list.rsplit_once('/').unwrap();
            let group = group.split("/namespaces/").next().unwrap();
            let (collection, _) = path.rsplit_once('/').unwrap();
            let is_of = path.starts_with(&format!("{group}/namespaces/"))
                && collection.ends_with(&format!("/{plural}"));
            // Who has been killed looks no more.
            let _shown = is_of && watch.try_send(shown.clone()).is_ok();
        }
        self.watches = watches;
    }

    fn done(&mut self, asked: &Asked) -> (u16, Value) {
        if asked.method == Method::GET {
            let found = self.objects.get(&asked.path).cloned();
            return found.map_or_else(
                || failed(404, "NotFound", "it is not there"),
                |it| (200, it),
            );
        }
        if let Some(of) = asked.path.strip_suffix("/status") {
            let object = self.objects.get_mut(of).unwrap();
            object["status"] = asked.body["status"].clone();
            let object = object.clone();
            self.show("MODIFIED", of, &object);
            return (200, object);
        }
        let mut object = asked.body.clone();
        if object.get("spec").is_none() && object.get("data").is_none() {
            let there = self.objects.entry(asked.path.clone()).or_default();
            let version = object["metadata"].get("resourceVersion");
            if version.is_some_and(|it| *it != there["metadata"]["resourceVersion"]) {
                return failed(409, "Conflict", "it is another version");
            }
            for (name, value) in object["metadata"].as_object().unwrap() {
                there["metadata"][name] = value.clone();
            }
            let there = there.clone();
            self.show("MODIFIED", &asked.path, &there);
            return (200, there);
        }
        let there = self.objects.get(&asked.path);
        let uid = there.map(|it| it["metadata"]["uid"].clone());
        let conflict = || failed(409, "Conflict", "it is another one");
        let operation = match (&asked.method, &uid) {
            (&Method::POST, Some(_)) => return conflict(),
            (&Method::POST | &Method::PUT, _) => "Update",
            (_, there)
                if object["metadata"]
                    .get("uid")
                    .is_some_and(|it| Some(it) != there.as_ref()) =>
            {
                return conflict();
            }
            _ => "Apply",
        };
        let version = self.objects.len() + 100;
        object["metadata"]["resourceVersion"] = version.to_string().into();
        object["metadata"]["uid"] = uid.unwrap_or_else(|| asked.path.as_str().into());
        object["metadata"]["managedFields"] =
            json!([{"manager": "kaos-operator", "operation": operation}]);
        self.objects.insert(asked.path.clone(), object.clone());
        self.show("ADDED", &asked.path, &object);
        (200, object)
    }

    /// All objects, without versions, without whether they were created or applied, without when something became so, and without events.
    pub(super) fn settled(&self) -> Value {
        let mut all = self.objects.clone();
        all.retain(|path, _| !path.contains("/events"));
        for object in all.values_mut() {
            object["metadata"]["resourceVersion"] = Value::Null;
            object["metadata"]["managedFields"] = Value::Null;
            let conditions = object["status"]["conditions"].as_array_mut();
            for condition in conditions.into_iter().flatten() {
                condition["lastTransitionTime"] = Value::Null;
            }
        }
        serde_json::to_value(all).unwrap()
    }
}

pub(super) fn failed(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let status = json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message});
    (code, status)
}

fn response(code: u16, body: &Value) -> Response<Answered> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}
