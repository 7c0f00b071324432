use serde_json::Value;

/// A request as it came.
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
