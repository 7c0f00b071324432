//! Variables in order, where what the user says wins.

use std::collections::HashSet;

use super::parts::{Env, Given, Origin};
use crate::pod::Own;
use crate::resources::{EnvVar, EnvVarSource, SecretText};

/// Variables in order. What the user says in `container.env` stands where [`users`](Self::users) puts it, what
/// `podSpec` says takes the place of what it is instead of, as Kubernetes merges by name; each wins over ours.
#[derive(Debug)]
pub(super) struct EnvList<'o> {
    own: &'o Own,
    list: Vec<Env>,
}

impl<'o> EnvList<'o> {
    pub(super) fn new(own: &'o Own) -> Self {
        Self {
            own,
            list: Vec::new(),
        }
    }

    /// Sets a variable, unless the user does.
    pub(super) fn set(&mut self, name: &str, text: impl Into<String>, origin: Origin) {
        self.give(name, Given::text(text), origin);
    }

    /// Sets a variable if there is a value, unless the user does.
    pub(super) fn set_some(&mut self, name: &str, text: Option<impl ToString>, origin: Origin) {
        if let Some(text) = text {
            self.set(name, text.to_string(), origin);
        }
    }

    pub(super) fn give(&mut self, name: &str, value: Given, origin: Origin) {
        if self.own.env.get(name).is_some() {
            return;
        }
        let env = match self.own.pod_env.get(name) {
            Some(var) => users(var),
            None => Env {
                name: name.to_owned(),
                value,
                origin,
            },
        };
        self.list.push(env);
    }

    /// What the user says in `container.env`.
    pub(super) fn users(&mut self) {
        for var in self.own.env.iter() {
            let var = self.own.pod_env.get(&var.name).unwrap_or(var);
            self.list.push(users(var));
        }
    }

    /// Sets attributes of the resource in telemetry. The user's come after ours, without those of ours that they
    /// contradict.
    pub(super) fn resource_attributes(&mut self, ours: &[(&str, &str)]) {
        const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let theirs = self.own.text(NAME);
        let keys: Vec<&str> = theirs
            .into_iter()
            .flat_map(|it| it.split(','))
            .filter_map(key)
            .collect();
        let ours = ours.iter().filter(|(key, _)| !keys.contains(key));
        let ours = ours.map(|(key, value)| format!("{key}={value}"));
        let both = ours.chain(theirs.filter(|it| !it.is_empty()).map(str::to_owned));
        let text = both.collect::<Vec<_>>().join(",");
        self.give(NAME, Given::text(text.clone()), Origin::Always);
        if let Some(env) = self
            .list
            .iter_mut()
            .find(|it| it.name == NAME && theirs.is_some())
        {
            env.value = Given::text(text);
            env.origin = Origin::UserAndAdded;
        }
    }

    /// The list, with what `podSpec` adds.
    pub(super) fn done(mut self) -> Vec<Env> {
        let there: HashSet<String> = self.list.iter().map(|it| it.name.clone()).collect();
        let added = self
            .own
            .pod_env
            .iter()
            .filter(|var| !there.contains(&var.name));
        self.list.extend(added.map(users));
        self.list
    }
}

fn key(pair: &str) -> Option<&str> {
    pair.split_once('=').map(|(key, _)| key.trim())
}

fn users(var: &EnvVar) -> Env {
    let value = match &var.value_from {
        Some(source) => given(source),
        None => Given::Text(var.value.clone().unwrap_or_else(|| SecretText::new(""))),
    };
    Env {
        name: var.name.clone(),
        value,
        origin: Origin::User,
    }
}

/// Where a value comes from.
pub(super) fn given(source: &EnvVarSource) -> Given {
    match (&source.secret_key_ref, &source.config_map_key_ref) {
        (Some(key), _) => Given::SecretKey(key.clone()),
        (None, Some(key)) => Given::ConfigMapKey(key.clone()),
        (None, None) => Given::Kubernetes(source.clone()),
    }
}
