//! Who signed what: the stretches that one key signed, who handed over to whom, and which of them
//! count for somebody who has some keys.

use crate::audit::VerifyingKey;
use crate::audit::own::HandOver;
use crate::audit::problem::Problem;

/// Records whose segments name one key, or none.
struct Epoch {
    key: Option<VerifyingKey>,
    /// Its first record.
    from: u64,
    /// Whether the key before handed over to this one.
    is_heir: bool,
    /// Whether its key had handed over before it began: in the order of the files, as whoever has an old
    /// key may write any number.
    is_retired: bool,
    /// Whether a checkpoint here is signed by the key.
    is_proven: bool,
}

impl Epoch {
    fn counts(&self, keys: &[VerifyingKey]) -> bool {
        let is_known = self.key.as_ref().is_some_and(|key| keys.contains(key));
        self.is_proven && is_known && !self.is_retired
    }
}

#[derive(Default)]
pub(super) struct Lineage {
    epochs: Vec<Epoch>,
    /// A hand-over that no seal covers yet.
    announced: Option<VerifyingKey>,
    /// Whom the current key handed over to.
    heir: Option<VerifyingKey>,
    /// Keys that handed over.
    retired: Vec<VerifyingKey>,
}

impl Lineage {
    /// A segment begins that names this key.
    pub(super) fn begins(
        &mut self,
        key: Option<VerifyingKey>,
        former: Option<&VerifyingKey>,
        first: u64,
    ) {
        let heir = self.heir.take();
        let goes_on = self.epochs.last().is_some_and(|epoch| epoch.key == key);
        if goes_on && heir.is_none() {
            return;
        }
        // Both have to say so: else anybody could hand over to a key, and be one of its line.
        let before = self.epochs.last().and_then(|epoch| epoch.key.as_ref());
        let is_heir = heir.is_some() && heir == key && former.is_some() && former == before;
        let is_retired = key.as_ref().is_some_and(|key| self.retired.contains(key));
        self.epochs.push(Epoch {
            key,
            from: first,
            is_heir,
            is_retired,
            is_proven: false,
        });
    }

    /// A segment ends, also one whose first record cannot be read: what it did not seal, nobody does.
    pub(super) fn ends_segment(&mut self) {
        self.announced = None;
    }

    /// The key that the current segment names.
    pub(super) fn key(&self) -> Option<&VerifyingKey> {
        self.epochs.last()?.key.as_ref()
    }

    /// The stretch that is being read.
    pub(super) const fn epoch(&self) -> usize {
        self.epochs.len().saturating_sub(1)
    }

    /// The current key says who comes after it. It counts with the seal.
    pub(super) fn announces(&mut self, record: &HandOver) -> Option<Problem> {
        let (from, to) = (record.from.parse(), record.key.parse());
        match (from, to) {
            (Ok(from), Ok(to)) if self.key() == Some(&from) && from != to => {
                self.announced = Some(to);
                None
            }
            _ => Some(Problem::Malformed(
                "it hands over no key of this segment".into(),
            )),
        }
    }

    /// A checkpoint of the current key covers all so far, and perhaps ends the segment.
    pub(super) fn signed(&mut self, is_seal: bool) {
        let Some(epoch) = self.epochs.last_mut() else {
            return;
        };
        epoch.is_proven = epoch.key.is_some();
        if is_seal && let (Some(heir), Some(old)) = (self.announced.take(), &epoch.key) {
            self.heir = Some(heir);
            self.retired.push(old.clone());
        }
    }

    /// For each stretch, whether it counts: with these keys, or, with none, by the trail's own word.
    pub(super) fn trusted(&self, given: &[VerifyingKey]) -> Vec<bool> {
        let mut keys = given.to_vec();
        let mut trusted = vec![false; self.epochs.len()];
        // A line of heirs counts as a whole, and lends its keys to the other lines.
        let mut known = None;
        while known != Some(keys.len()) {
            known = Some(keys.len());
            let mut at = 0;
            while at < self.epochs.len() {
                let length = 1 + self
                    .epochs
                    .iter()
                    .skip(at + 1)
                    .take_while(|it| it.is_heir)
                    .count();
                let line = self.epochs.get(at..at + length).unwrap_or_default();
                let is_first = self.epochs.iter().take(at).all(|epoch| epoch.key.is_none());
                let counts =
                    (given.is_empty() && is_first) || line.iter().any(|it| it.counts(&keys));
                if counts {
                    trusted
                        .iter_mut()
                        .skip(at)
                        .take(length)
                        .for_each(|it| *it = true);
                    for key in line.iter().filter_map(|epoch| epoch.key.as_ref()) {
                        if !keys.contains(key) {
                            keys.push(key.clone());
                        }
                    }
                }
                at += length;
            }
        }
        trusted
    }

    /// What is signed by no key that counts; `end` is the number after the last record.
    pub(super) fn problems(&self, trusted: &[bool], end: u64) -> Vec<Problem> {
        let ends = self
            .epochs
            .iter()
            .skip(1)
            .map(|epoch| epoch.from)
            .chain([end]);
        let stretches = self.epochs.iter().zip(ends).zip(trusted);
        let wrong = stretches.filter(|(_, trusted)| !**trusted);
        wrong
            .map(|((epoch, to), _)| Problem::NotTrusted {
                from: epoch.from,
                to: to.max(epoch.from),
                key: epoch.key.as_ref().map(ToString::to_string),
            })
            .collect()
    }

    /// The keys that signed something, in their order.
    pub(super) fn signers(&self, trusted: &[bool]) -> Vec<VerifyingKey> {
        let signed = self
            .epochs
            .iter()
            .zip(trusted)
            .filter(|(epoch, trusted)| epoch.is_proven && **trusted);
        let mut keys: Vec<VerifyingKey> =
            signed.filter_map(|(epoch, _)| epoch.key.clone()).collect();
        keys.dedup();
        keys
    }

    /// Every key that the stretches that count name.
    pub(super) fn keys(&self, trusted: &[bool]) -> Vec<&VerifyingKey> {
        let named = self
            .epochs
            .iter()
            .zip(trusted)
            .filter(|(_, trusted)| **trusted);
        named.filter_map(|(epoch, _)| epoch.key.as_ref()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::SigningKey;

    fn key(seed: u8) -> VerifyingKey {
        let key = SigningKey::from_seed("test", &[seed; 32]).expect("a good name");
        key.verifying_key()
    }

    /// Whoever has the old key numbers what they append as if it were old.
    #[test]
    fn a_key_that_handed_over_signs_nothing_whatever_number_it_writes() {
        let (old, new) = (key(1), key(2));
        for number in [0, 38, 52, 54, 200] {
            let mut lineage = Lineage::default();
            lineage.begins(Some(old.clone()), None, 0);
            let handed = lineage.announces(&HandOver {
                time_unix_nano: "0".to_owned(),
                from: old.to_string(),
                key: new.to_string(),
            });
            assert!(handed.is_none());
            lineage.signed(true);
            lineage.begins(Some(new.clone()), Some(&old), 54);
            lineage.signed(false);
            lineage.begins(Some(old.clone()), None, number);
            lineage.signed(false);
            for given in [vec![], vec![old.clone()], vec![new.clone()]] {
                assert_eq!(lineage.trusted(&given), [true, true, false], "{number}");
            }
        }
    }
}
