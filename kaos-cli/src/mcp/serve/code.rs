//! The Python code: of a file, of the command line, or of a variable.

use std::path::Path;

use crate::output::Failed;

/// The most bytes of it.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Code, and what errors call it.
pub(super) struct Code {
    pub(super) name: String,
    pub(super) source: String,
}

impl Code {
    pub(super) fn of(file: Option<&Path>, string: Option<&str>) -> Result<Self, Failed> {
        let code = match (file, string) {
            (Some(path), _) => {
                let name = path.display().to_string();
                let source = std::fs::read_to_string(path);
                let source = source.map_err(|error| format!("{name}: {error}"))?;
                Self { name, source }
            }
            (None, Some(source)) => Self::named("<tools-string>", source.to_owned()),
            // Empty is a server without tools, as in Python KAOS.
            (None, None) => match std::env::var("MCP_TOOLS_STRING") {
                Ok(source) => Self::named("<MCP_TOOLS_STRING>", source),
                Err(_unset) => {
                    let why = "there is no code to serve: name a Python file, or give --tools-string or MCP_TOOLS_STRING";
                    return Err(why.into());
                }
            },
        };
        if code.source.len() > MAX_BYTES {
            return Err(format!("{}: more than {MAX_BYTES} bytes of code", code.name).into());
        }
        Ok(code)
    }

    fn named(name: &str, source: String) -> Self {
        let name = name.to_owned();
        Self { name, source }
    }
}
