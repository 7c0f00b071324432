//! What decides which content is redacted, as text: for a fingerprint, by which it is seen to change.

use super::Class;
use super::engine::Engine;
use super::rule::Rule;

impl Engine {
    /// All that decides what is redacted, beside the built-in rules.
    pub(crate) fn described(&self) -> String {
        let rules: String = self.rules.iter().map(Rule::described).collect();
        let (addresses, phones, off) = (self.addresses, self.phones, &self.off);
        let built_in: Vec<&str> = Class::BUILT_IN.iter().map(Class::as_str).collect();
        format!("{addresses} {phones} {off:?} {built_in:?}\n{rules}")
    }
}
