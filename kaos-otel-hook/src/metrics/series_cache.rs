//! Finding a series: by what a run did last, else by what any run did before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// The SDK's default: how many label sets an instrument keeps apart.
pub(super) const CARDINALITY_LIMIT: usize = 2000;

/// Series by what their operations have in common; as many as an instrument keeps apart.
pub(super) struct SeriesCache<K, S>(RwLock<HashMap<K, Arc<S>>>);

impl<K, S> Default for SeriesCache<K, S> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// The series that a run used last: most often it is the next one, too.
pub(super) struct Latest<K, S>(Option<(K, Arc<S>)>);

impl<K, S> Default for Latest<K, S> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Hash + Eq + Clone, S> SeriesCache<K, S> {
    /// The series of this key.
    pub(super) fn find(&self, key: &K, make: impl FnOnce(&K) -> S) -> Arc<S> {
        let series_cache = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = series_cache.get(key) {
            return Arc::clone(series);
        }
        drop(series_cache);
        let series = Arc::new(make(key));
        let mut series_cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if series_cache.len() >= CARDINALITY_LIMIT {
            // The SDK folds it; it is bound again each time.
            return series;
        }
        Arc::clone(series_cache.entry(key.clone()).or_insert(series))
    }
}

impl<K: Hash + Eq + Clone, S> Latest<K, S> {
    /// The series of this key.
    pub(super) fn find(
        &mut self,
        key: K,
        among: &SeriesCache<K, S>,
        make: impl FnOnce(&K) -> S,
    ) -> &S {
        if self.0.as_ref().is_some_and(|(latest, _)| *latest != key) {
            self.0 = None;
        }
        let (_, series) = self.0.get_or_insert_with(|| {
            let series = among.find(&key, make);
            (key, series)
        });
        series
    }
}
