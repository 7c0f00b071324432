//! `kaos model serve`: requests go to a provider and its answers back, whatever the provider does.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use kaos_tests::Folder;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;

use super::kaos;

/// A provider that answers each request with these bytes, and keeps what it was sent.
async fn provider(answer: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = request(&mut stream).await;
            seen.lock().unwrap().push(request);
            let _gone = stream.write_all(answer.as_bytes()).await.is_ok();
        }
    });
    (address, asked)
}

/// A request with its body.
async fn request(stream: &mut TcpStream) -> String {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head += &line.to_lowercase();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// The command in front of a provider, and its address. Log lines go to its standard output.
async fn serving(name: &str, provider: SocketAddr) -> (Child, SocketAddr) {
    let folder = Folder::new("model");
    let config = folder.join(format!("{name}.yaml"));
    let text = format!(
        "model_list:\n- model_name: fast\n  litellm_params:\n    model: openai/small-1\n    \
         api_base: http://{provider}/v1\n    api_key: os.environ/UPSTREAM_KEY\n"
    );
    std::fs::write(&config, text).unwrap();
    let path = config.display().to_string();
    let mut command = kaos(&["model", "serve", "--config", &path, "--port", "0"]);
    command
        .env("UPSTREAM_KEY", "key-of-the-provider")
        .env("KAOS_ALLOWED_ORIGINS", "https://ui.example");
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let stderr = child.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut line).await.unwrap();
    drop(folder);
    let at = line.split_once("http://").unwrap().1;
    let at = at.split_once('/').unwrap().0.parse().unwrap();
    (child, at)
}

/// What is answered to a question to the model `fast`: all of it, as it came.
async fn asked(at: SocketAddr) -> String {
    let body =
        json!({"model": "fast", "messages": [{"role": "user", "content": "Hi!"}]}).to_string();
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nCookie: c=1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _end = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_goes_on_with_the_provider_s_model_and_key_and_its_answer_comes_back() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: s=1\r\nConnection: close\r\n\r\n\
                  {\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello.\"},\"finish_reason\":\"stop\"}]}";
    let (upstream, requests) = provider(answer).await;
    let (_child, at) = serving("fine", upstream).await;
    let got = asked(at).await;
    assert!(got.starts_with("HTTP/1.1 200"), "{got}");
    assert!(
        got.contains("Hello.") && !got.to_lowercase().contains("set-cookie"),
        "{got}"
    );
    let requests = requests.lock().unwrap();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert!(
        request.contains("authorization: bearer key-of-the-provider"),
        "{request}"
    );
    assert!(!request.contains("cookie"), "{request}");
    let body: Value = serde_json::from_str(&request[request.find('{').unwrap()..]).unwrap();
    assert_eq!(body["model"], "small-1");
}

/// What a provider does, and what its caller gets: the status, and a part of the rest.
const ODD: &[(&str, &str, &str, &str)] = &[
    (
        "later",
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 999\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"error\":{\"message\":\"slow down\"}}",
        "429",
        "retry-after: 999",
    ),
    (
        "elsewhere",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.2:1/\r\nConnection: close\r\n\r\n",
        "502",
        "redirects, which is not followed",
    ),
    ("garbage", "what is this?\r\n\r\n", "502", "does not answer"),
    (
        "failed",
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"error\":{\"message\":\"oh\"}}",
        "500",
        "oh",
    ),
];

#[tokio::test]
async fn what_a_provider_refuses_goes_back_as_it_is_and_a_line_says_it() {
    for (name, answer, status, part) in ODD {
        let (upstream, _) = provider(answer).await;
        let (mut child, at) = serving(name, upstream).await;
        let got = asked(at).await;
        assert!(
            got.starts_with(&format!("HTTP/1.1 {status}")),
            "{name}: {got}"
        );
        assert!(got.contains(part), "{name}: {got}");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(
            line.contains("WARN") && line.contains("fast"),
            "{name}: {line}"
        );
        assert!(!line.contains("key-of-the-provider"), "{line}");
    }
}

/// What is asked under which name and by which web page, and the status of the answer: as every server of the command has it.
const ASKERS: &[(&str, &str, &str)] = &[
    ("127.0.0.1:{port}", "", "200"),
    ("localhost", "", "200"),
    ("[::1]:{port}", "", "200"),
    ("evil.example", "", "403"),
    (
        "127.0.0.1:{port}",
        "Origin: https://evil.example\r\n",
        "403",
    ),
    ("127.0.0.1:{port}", "Origin: null\r\n", "403"),
    ("127.0.0.1:{port}", "Origin: https://ui.example\r\n", "200"),
    ("no host", "", "400"),
];

#[tokio::test]
async fn names_and_web_pages_are_judged_as_every_server_of_the_command_judges_them() {
    let (upstream, _) = provider("").await;
    let (_child, at) = serving("access", upstream).await;
    for (host, origin, status) in ASKERS {
        let host = host.replace("{port}", &at.port().to_string());
        let head =
            format!("GET /v1/models HTTP/1.1\r\nHost: {host}\r\n{origin}Connection: close\r\n\r\n");
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{head}{answer}"
        );
    }
}
