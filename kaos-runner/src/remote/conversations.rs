//! What the far side's conversations are called.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names in use.
#[derive(Debug, Default)]
pub(super) struct Conversations(Mutex<BTreeSet<String>>);

impl Conversations {
    /// The name of the conversation that an agent has on behalf of another one: `{session}/{agent}`,
    /// and with a number behind it while that is in use, since turns of one conversation wait for
    /// each other.
    pub(super) fn take(self: &Arc<Self>, session: &str, agent: &str) -> InUse {
        let first = format!("{session}/{agent}");
        let numbered = (2..).map(|number| format!("{first}/{number}"));
        let mut names = std::iter::once(first.clone()).chain(numbered);
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = names.find(|name| !used.contains(name));
        let name = free.unwrap_or_default();
        used.insert(name.clone());
        InUse {
            name,
            of: Arc::clone(self),
        }
    }
}

/// A name that no other call has meanwhile.
#[derive(Debug)]
pub(super) struct InUse {
    pub(super) name: String,
    of: Arc<Conversations>,
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut used = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_at_the_same_time_have_conversations_of_their_own() {
        let all = Arc::<Conversations>::default();
        let first = all.take("s", "a");
        let second = all.take("s", "a");
        let other = all.take("s", "b");
        let names = [&first, &second, &other].map(|it| it.name.clone());
        assert_eq!(names, ["s/a", "s/a/2", "s/b"]);
        drop(first);
        assert_eq!(all.take("s", "a").name, "s/a");
    }
}
