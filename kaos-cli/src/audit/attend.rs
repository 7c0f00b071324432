//! A trail that is written into by hand.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use kaos_hooks::audit::{AnchorFile, AuditBuilder, AuditHook, SigningKey, Trail};

use crate::output::Failed;

#[derive(ClapArgs)]
pub(super) struct Attend {
    /// The trail's directory; no writer may have it open
    trail: PathBuf,
    /// The file with the key that signs the trail
    #[arg(long)]
    signing_key: Option<PathBuf>,
    /// The trail's anchor, a file: it is compared, and gets the new checkpoint; may be given more
    /// than once
    #[arg(long)]
    anchor: Vec<PathBuf>,
}

impl Attend {
    pub(super) fn builder(&self) -> Result<AuditBuilder, Failed> {
        // A mistyped name makes no trail; an anchor says that there was one.
        if self.anchor.is_empty() {
            Trail::open_read(&self.trail)?;
        }
        let mut builder = AuditHook::builder(&self.trail);
        if let Some(key) = &self.signing_key {
            builder = builder.signing_key(SigningKey::read(key)?);
        }
        for anchor in &self.anchor {
            builder = builder.anchor(AnchorFile::new(anchor));
        }
        Ok(builder)
    }
}
