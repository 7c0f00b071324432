//! Files, folders and what else a path may be.

use std::fs;
use std::path::PathBuf;

use kaos_operator::{Finding, Rule, sources};

struct Folder(kaos_tests::Folder);

impl Folder {
    fn new(name: &str) -> Self {
        Self(kaos_tests::Folder::new(name))
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn read(&self) -> (Vec<String>, Vec<Finding>) {
        let (sources, findings) = sources(&[self.0.to_path_buf()]);
        let names = sources.iter().map(|it| {
            it.name
                .strip_prefix(&self.0.display().to_string())
                .unwrap()
                .to_owned()
        });
        (names.collect(), findings)
    }
}

#[test]
fn a_folder_is_read_at_any_depth_in_the_order_of_names() {
    let folder = Folder::new("order");
    for name in [
        "b.yaml",
        "a/z.yml",
        "a/b/c.json",
        "notes.txt",
        ".hidden.yaml",
        ".git/x.yaml",
        "Chart.YAML",
    ] {
        folder.file(name, "a: b");
    }
    let (names, findings) = folder.read();
    assert_eq!(names, ["/a/b/c.json", "/a/z.yml", "/b.yaml"]);
    assert!(findings.is_empty());
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    let folder = Folder::new("unreadable");
    folder.file("good.yaml", "a: b");
    folder.file("latin.yaml", b"a: caf\xe9\n");
    folder.file("utf16.yaml", b"\xff\xfea\0:\0");
    folder.file("large.yaml", vec![b' '; 8 * 1024 * 1024 + 1]);
    let (names, findings) = folder.read();
    assert_eq!(names, ["/good.yaml"]);
    let told: Vec<String> = findings
        .iter()
        .map(|it| it.to_string().replace(&folder.0.display().to_string(), ""))
        .collect();
    assert_eq!(
        told,
        [
            "/large.yaml: error: is larger than 8 MiB",
            "/latin.yaml: error: is not UTF-8 at byte 6",
            "/utf16.yaml: error: is not UTF-8 at byte 0",
        ]
    );
    let (_, findings) = sources(&[folder.0.join("missing.yaml")]);
    assert!(
        findings[0]
            .to_string()
            .contains("missing.yaml: error: could not be read: "),
        "{findings:?}"
    );
    let empty = Folder::new("empty");
    let (_, findings) = empty.read();
    assert!(
        findings[0]
            .message
            .contains("has no .yaml, .yml or .json file")
    );
}

#[cfg(unix)]
#[test]
fn links_in_circles_and_pipes_in_folders_do_not_hold_it_up() {
    let folder = Folder::new("links");
    folder.file("a/one.yaml", "a: b");
    std::os::unix::fs::symlink(&*folder.0, folder.0.join("a/again")).unwrap();
    std::os::unix::fs::symlink("self.yaml", folder.0.join("self.yaml")).unwrap();
    std::os::unix::fs::symlink("a/one.yaml", folder.0.join("two.yaml")).unwrap();
    let pipe = folder.0.join("pipe.yaml");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    fs::create_dir(folder.0.join("folder.yaml")).unwrap();
    let (names, findings) = folder.read();
    assert_eq!(names, ["/a/one.yaml", "/two.yaml"]);
    let told: Vec<_> = findings
        .iter()
        .map(|it| (it.rule, it.message.as_str()))
        .collect();
    assert_eq!(told, [(Rule::Unreadable, "is no regular file"); 2]);
}
