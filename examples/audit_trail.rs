//! An offline turn with secrets in a tool's arguments: recorded without them, verified, tampered
//! with, caught.
//!
//! The trail goes to the directory in `KAOS_TRAIL`, with its key beside it in `$KAOS_TRAIL.key`, so that
//! the next run goes on with both; else to a temporary one.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kaos_hooks::audit::{AuditHook, Filter, RecordContent, SigningKey, Trail};
use kaos_runner::{Agent, FunctionModel, FunctionTool, Message, ModelReply, Runner};
use schemars::JsonSchema;
use serde::Deserialize;

/// All of it made up.
const ARGUMENTS: &str = r#"{"api_key":"sk-proj-4fT9xQ2mLw8ZbK7nVr3Ys6Hd1Jc5Ge0Ua","email":"kim.lee@corp.dev","card":"4111 1111 1111 1111","amount":12}"#;

#[derive(Deserialize, JsonSchema)]
struct Payment {
    amount: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let chosen = std::env::var_os("KAOS_TRAIL").map(PathBuf::from);
    let temporary = chosen.is_none();
    let trail = chosen
        .unwrap_or_else(|| std::env::temp_dir().join(format!("kaos-trail-{}", std::process::id())));
    let key = if temporary {
        SigningKey::generate("example")?
    } else {
        kept_key(&trail)?
    };
    let audit = AuditHook::builder(&trail).signing_key(key.clone()).open()?;
    let runner = Runner::new(clerk()).hooks(audit.clone());
    let reply = runner.turn("Pay Kim 12 dollars.", "session-1").await?;
    writeln!(out, "{reply}\n")?;
    audit.shutdown().await?;

    let of_tool = Filter {
        tool: Some("pay".into()),
        ..Filter::default()
    };
    for record in Trail::open_read(&trail)?.records(of_tool)?.take(1) {
        if let RecordContent::Event(event) = record?.content {
            writeln!(out, "the record of the call:\n{}\n", event.to_line())?;
        }
    }
    let verified = Trail::open_read(&trail)?.verifier();
    let verified = verified.key(key.verifying_key()).run()?;
    writeln!(out, "{verified}")?;

    let copy = flip_one_byte(&trail)?;
    let caught = Trail::open_read(&copy)?.verifier();
    let caught = caught.key(key.verifying_key()).run()?;
    writeln!(
        out,
        "and of a copy in which one byte was changed:\n{caught}"
    )?;
    fs::remove_dir_all(&copy)?;
    if temporary {
        fs::remove_dir_all(&trail)?;
    } else {
        let trail = trail.display();
        writeln!(
            out,
            "verify it: kaos audit verify {trail} --key {}",
            key.verifying_key()
        )?;
    }
    if verified.exit_code(false) == 0 && caught.exit_code(false) == 1 {
        Ok(())
    } else {
        Err("the trail did not verify, or the tampering was not caught".into())
    }
}

/// The key in the file beside the trail, made at the first run. Kept like this it keeps nobody from
/// forging the trail who may read the file: in production it is kept where only the writer can.
fn kept_key(trail: &Path) -> Result<SigningKey, Box<dyn Error>> {
    let mut file = trail.to_path_buf().into_os_string();
    file.push(".key");
    if Path::new(&file).exists() {
        return Ok(SigningKey::read(&file)?);
    }
    let key = SigningKey::generate("example")?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&file)?
        .write_all(key.to_secret_text().as_bytes())?;
    Ok(key)
}

/// An agent that pays, and passes on more than it should.
fn clerk() -> Agent {
    let model = FunctionModel::new(|request| {
        Ok(match request.messages.last() {
            Some(Message::Tool(_)) => ModelReply::text("Done."),
            _ => ModelReply::call("call_1", "pay", ARGUMENTS),
        })
    });
    let pay = FunctionTool::new("pay", "Pays money.", |payment: Payment| async move {
        Ok(format!("paid {} dollars", payment.amount))
    });
    Agent::new("clerk", model).tool(pay)
}

/// A copy of a trail with another byte in the middle of its last segment.
fn flip_one_byte(trail: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let copy = trail.with_extension("tampered");
    fs::create_dir_all(&copy)?;
    let mut last = None;
    for file in fs::read_dir(trail)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("seg-") {
            let to = copy.join(file.file_name());
            fs::copy(file.path(), &to)?;
            last = last.max(Some(to));
        }
    }
    let last = last.ok_or("the trail has no segment")?;
    let mut bytes = fs::read(&last)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&last, bytes)?;
    Ok(copy)
}
