//! The script of the pages, as text; and a run as a page of its own.

use std::fs;
use std::path::Path;

use kaos_hooks::audit::SigningKey;
use serde_json::Value;

use super::files::segments;
use super::{kaos, key, recorded};
use crate::command::said;

/// What makes markup, or code, of a text.
const NOT: &[&str] = &[
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "setHTML",
    "document.write",
    "createContextualFragment",
    "DOMParser",
    "srcdoc",
    "eval(",
    "new Function",
    "javascript:",
    "import(",
    "http://",
    "importScripts",
];

#[test]
fn no_page_makes_markup_or_code_of_a_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kaos-cli/page");
    let mut looked = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines <= 300, "{}: {lines} lines", path.display());
        for (at, line) in text.lines().enumerate() {
            // The one address that is a name: that of SVG's elements.
            let line = line.replace("http://www.w3.org/2000/svg", "");
            let found = NOT.iter().find(|it| line.contains(**it));
            assert_eq!(found, None, "{}:{}", path.display(), at + 1);
        }
        looked += 1;
    }
    assert!(looked > 15);
}

#[tokio::test]
async fn a_run_is_written_as_a_page_of_its_own_in_which_all_that_was_said_is_data() {
    let evil = "</script><script>alert(1)</script><!-- \u{202e}";
    let scratch = recorded("ui-html", &["first", evil]).await;
    let file = scratch.path().with_extension("html");
    let page = file.to_str().unwrap();
    let _gone = fs::remove_file(&file);
    let done = kaos(&[
        "audit",
        "show",
        scratch.path().to_str().unwrap(),
        "--html",
        page,
    ])
    .output()
    .await
    .unwrap();
    assert!(done.status.success(), "{}", said(&done));
    // A trail has nobody's files but its own.
    let trail = scratch.path().to_str().unwrap();
    let within = format!("{trail}/../trail/run.html");
    let refused = kaos(&["audit", "show", trail, "--html", &within])
        .output()
        .await;
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(
        said(&refused).contains("in the trail itself"),
        "{}",
        said(&refused)
    );
    assert!(!scratch.path().join("run.html").exists());
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(
        text.matches("<script").count(),
        2,
        "data and script, and no more"
    );
    assert_eq!(text.matches("</script>").count(), 2);
    assert!(
        text.contains(r"\u003c/script>\u003cscript>alert(1)"),
        "what was asked is there, as data"
    );
    assert!(text.contains("default-src 'none'; script-src 'sha256-"));
    assert!(
        !text.contains("\nexport ") && !text.contains("\nimport "),
        "it is one script"
    );
    let again = kaos(&[
        "audit",
        "show",
        scratch.path().to_str().unwrap(),
        "--html",
        page,
    ])
    .output()
    .await
    .unwrap();
    assert_eq!(
        again.status.code(),
        Some(2),
        "a file that is there is not written over"
    );
    fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn a_page_of_its_own_says_how_the_trail_was_verified() {
    let scratch = recorded("ui-html-verified", &["one", "two"]).await;
    let trail = scratch.path().to_str().unwrap();
    let file = scratch.path().with_extension("html");
    let page = file.to_str().unwrap();
    let ours = key().verifying_key().to_string();
    let other = SigningKey::from_seed("test", &[8; 32]).unwrap();
    let other = other.verifying_key().to_string();
    let given = async |more: &[&str]| {
        let _gone = fs::remove_file(&file).is_ok();
        let show = ["audit", "show", trail, "--html", page];
        let done = kaos(&[&show[..], more].concat()).output().await.unwrap();
        assert!(done.status.success(), "{}", said(&done));
        let text = fs::read_to_string(&file).unwrap();
        let (_, data) = text.split_once("id=\"kaos-data\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        data["/api/file"]["trails"][0]["trust"].clone()
    };
    let trust = given(&[]).await;
    assert_eq!(trust["standing"], "intact", "{trust}");
    assert_eq!(
        (&trust["signed"], &trust["key_given"]),
        (&true.into(), &false.into())
    );
    let trust = given(&["--key", &ours]).await;
    assert_eq!(trust["standing"], "intact", "{trust}");
    assert_eq!(trust["key_given"], true);
    let trust = given(&["--key", &other]).await;
    assert_eq!(trust["standing"], "not_intact", "{trust}");
    let segment = &segments(scratch.path())[0];
    let text = fs::read_to_string(segment).unwrap();
    fs::write(segment, text.replacen("two", "2wo", 1)).unwrap();
    let trust = given(&[]).await;
    assert_eq!(trust["standing"], "not_intact", "{trust}");
    fs::remove_file(&file).unwrap();
    let done = kaos(&["audit", "show", trail, "--key", &ours]);
    let done = { done }.output().await.unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
}
