//! Every scenario of the suite, each API's strict endpoint in place of its script.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kaos_tests::Folder;
use kaos_tests::served::{SERVED, WIRE, Wire};

/// The files beneath this directory.
fn sources(of: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(of).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// The modules with a scenario: with an agent whose model is a script.
fn scenarios() -> Vec<String> {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
    let mut files = Vec::new();
    sources(&suite, &mut files);
    let mut modules = Vec::new();
    for file in files {
        let module = file.strip_prefix(&suite).unwrap().with_extension("");
        let module = module.to_str().unwrap().replace('/', "::");
        let text = std::fs::read_to_string(&file).unwrap();
        // Their models answer by what they are asked, or by script at endpoints of their own.
        let own = [
            "models",
            "http_policy",
            "callables",
            "discovery",
            "requests",
            "memory",
            "remote",
            "server",
            "sessions",
        ];
        let own = own.contains(&module.split("::").next().unwrap());
        // Its models say of themselves what the table has.
        if own || module == "semconv::scenarios" {
            continue;
        }
        assert!(
            !text.contains("Agent::new("),
            "{module}: an agent of a scenario is made by `agents::agent`"
        );
        let makes_one = ["agents::agent(", "scripted("]
            .iter()
            .any(|it| text.contains(it));
        if makes_one {
            modules.push(format!("{module}::"));
        }
    }
    modules
}

/// What waits, for collectors and by the disk's own clock, and what is large.
const SLOW: [&str; 5] = [
    "telemetry::",
    "mcp_rogues::",
    "audit::waits::",
    "concurrency::two_hundred",
    "arguments::what_the_model_is_told_is_short",
];

/// The tests of these modules but those, by their whole names: a filter would find them in others' names, too.
fn tests(modules: &[String], without: &[&str]) -> Vec<String> {
    let listed = Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names = listed.lines().filter_map(|it| it.strip_suffix(": test"));
    let wanted = names.filter(|name| {
        let within = |module: &str| name.starts_with(module);
        modules.iter().any(|it| within(it)) && !without.iter().any(|it| within(it))
    });
    wanted.map(str::to_owned).collect()
}

/// Runs these scenarios over this wire: what stands in the file of requests, and how they ended.
fn serve(wire: Wire, scenarios: &[String]) -> (Vec<String>, Output) {
    let folder = Folder::new("served");
    let file = folder.join(wire.name());
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .args(scenarios)
        .env(WIRE, wire.name())
        .env(SERVED, &file)
        .env("PROPTEST_CASES", "8")
        .stdin(Stdio::null())
        .output();
    let served = std::fs::read_to_string(&file).unwrap_or_default();
    (served.lines().map(str::to_owned).collect(), output.unwrap())
}

/// The same tests, with the same assertions on events, spans, records and answers: one wire of each
/// API at once, without the slow ones; with `KAOS_TEST_WIRES=all` all of both, one after the other.
#[test]
fn strict_endpoints_of_both_apis_serve_every_scenario() {
    let all = std::env::var("KAOS_TEST_WIRES").is_ok_and(|wanted| wanted == "all");
    let modules = scenarios();
    assert!(modules.len() > 15, "{modules:?}");
    let scenarios = &tests(&modules, if all { &[] } else { &SLOW });
    let each: Vec<_> = if all {
        let serve = |wire| (wire, serve(wire, scenarios));
        Wire::ALL.into_iter().map(serve).collect()
    } else {
        std::thread::scope(|scope| {
            let [chat, _, _, messages] = Wire::ALL;
            let of_chat = scope.spawn(move || serve(chat, scenarios));
            let of_messages = serve(messages, scenarios);
            vec![(chat, of_chat.join().unwrap()), (messages, of_messages)]
        })
    };
    let (_, (first, _)) = &each[0];
    for (wire, (served, output)) in &each {
        let refused: Vec<&String> = served.iter().filter(|it| *it != "taken").collect();
        assert!(refused.is_empty(), "{}: {refused:#?}", wire.name());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {said}", wire.name());
        println!("{}: {} requests", wire.name(), served.len());
        assert_eq!(served.len(), first.len(), "the scenarios are the same");
    }
    assert!(first.len() > 300, "{}", first.len());
}
