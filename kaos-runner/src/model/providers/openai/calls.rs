//! Which call a fragment of a streamed answer belongs to.
//!
//! Its index, its id and its name say so together, whichever of them is missing, empty, repeated or
//! late: endpoints leave out any, give one to several calls, or repeat all with every fragment.

use std::sync::atomic::{AtomicU64, Ordering};

use kaos_hooks::Str;
use serde_json::Value;

use crate::model::providers::json;
use crate::{Deltas, ModelReply, Part, ProviderData, ToolUse};

/// A call, or a fragment of one, as it came.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: String,
    /// Fields that go back to the provider.
    pub(super) returned: Option<Value>,
}

/// The calls of a reply in the making.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    /// Numbers the calls that the endpoint gave no id of their own.
    unnamed: &'a AtomicU64,
    calls: Vec<Building>,
}

#[derive(Debug)]
struct Building {
    index: Option<u64>,
    /// The endpoint's id.
    given: Option<String>,
    /// The reply's.
    id: Str,
    /// Whether the reply's id was told already.
    announced: bool,
    name: String,
    arguments: String,
    nesting: Nesting,
    returned: Option<Value>,
}

/// How deep in brackets a text in pieces is, outside of strings.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether a bracket was opened, and all were closed.
    is_whole: bool,
}

impl Nesting {
    fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            match byte {
                b'\\' => self.escaped = self.in_string,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => {
                    self.depth += 1;
                    self.is_whole = false;
                }
                b'}' | b']' if !self.in_string => {
                    self.depth = self.depth.saturating_sub(1);
                    self.is_whole = self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

impl<'a> Calls<'a> {
    pub(super) fn new(unnamed: &'a AtomicU64) -> Self {
        Self {
            unnamed,
            calls: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// A call that came whole.
    pub(super) fn whole(&mut self, call: Fragment) {
        self.begin(call);
    }

    /// A fragment of a call.
    pub(super) fn fragment(&mut self, fragment: Fragment, deltas: &Deltas) {
        let arguments = fragment.arguments.clone();
        let at = match self.place(&fragment) {
            Some(at) => {
                self.go_on(at, fragment);
                at
            }
            None => self.begin(fragment),
        };
        if let Some(call) = self.calls.get_mut(at).filter(|_| !arguments.is_empty()) {
            call.announced = true;
            deltas.tool_call_args(call.id.clone(), arguments);
        }
    }

    /// The call that a fragment goes on with; `None` if it begins one.
    fn place(&self, fragment: &Fragment) -> Option<usize> {
        let Fragment {
            index, id, name, ..
        } = fragment;
        let latest = |fits: &dyn Fn(&Building) -> bool| self.calls.iter().rposition(fits);
        // A name, and arguments behind whole ones: that is another call of the same tool.
        let goes_on = |call: &Building| match name {
            None => true,
            Some(name) => {
                let same = call.name.is_empty() || call.name == *name;
                same && (fragment.arguments.trim().is_empty() || !call.nesting.is_whole)
            }
        };
        let at = if let Some(id) = id {
            let same_id = |call: &Building| call.given.as_ref() == Some(id);
            let of_id = latest(&|call| same_id(call) && (index.is_none() || call.index == *index));
            // An id that comes late, for what began without one.
            let late =
                || latest(&|call| index.is_some() && call.index == *index && call.given.is_none());
            // An index that counts fragments instead of calls.
            let elsewhere = || latest(&same_id).filter(|_| name.is_none());
            of_id.or_else(late).or_else(elsewhere)
        } else if index.is_some() {
            latest(&|call| call.index == *index)
        } else {
            self.calls.len().checked_sub(1)
        };
        at.filter(|at| self.calls.get(*at).is_some_and(goes_on))
    }

    fn begin(&mut self, call: Fragment) -> usize {
        let taken = |id: &String| self.calls.iter().any(|call| call.id == id.as_str());
        let id = match call.id.clone().filter(|id| !taken(id)) {
            Some(id) => Str::from(id),
            None => self.made_up(),
        };
        let mut nesting = Nesting::default();
        nesting.push(&call.arguments);
        self.calls.push(Building {
            index: call.index,
            given: call.id,
            id,
            announced: false,
            name: call.name.unwrap_or_default(),
            arguments: call.arguments,
            nesting,
            returned: call.returned,
        });
        self.calls.len() - 1
    }

    fn go_on(&mut self, at: usize, fragment: Fragment) {
        let late = fragment.id.filter(|id| {
            let mut calls = self.calls.iter();
            !calls.any(|call| call.id == id.as_str())
        });
        let Some(call) = self.calls.get_mut(at) else {
            return;
        };
        if let Some(id) = late.filter(|_| call.given.is_none()) {
            if !call.announced {
                call.id = Str::from(id.clone());
            }
            call.given = Some(id);
        }
        if let Some(name) = fragment.name.filter(|_| call.name.is_empty()) {
            call.name = name;
        }
        call.nesting.push(&fragment.arguments);
        call.arguments.push_str(&fragment.arguments);
        call.returned = fragment.returned.or(call.returned.take());
    }

    fn made_up(&self) -> Str {
        loop {
            let number = self.unnamed.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let id = format!("call-{number}");
            if !self.calls.iter().any(|call| call.id == id.as_str()) {
                return id.into();
            }
        }
    }

    /// The reply with these calls; `own` gives a tool's own name.
    pub(super) fn added_to(
        self,
        reply: ModelReply,
        own: impl Fn(&str) -> Str,
        origin: &Str,
    ) -> ModelReply {
        self.calls.into_iter().fold(reply, |reply, call| {
            let arguments = match call.arguments.trim() {
                // A call without arguments; the tools read JSON.
                "" => Str::Static("{}"),
                _ => call.arguments.into(),
            };
            let data = call.returned.map(|data| ProviderData {
                origin: origin.clone(),
                data,
            });
            reply.and(Part::ToolCall(ToolUse {
                provider: data.map(Box::new),
                ..ToolUse::new(call.id, own(&call.name), arguments)
            }))
        })
    }
}

/// What stands in an answer for a call.
pub(super) fn read(call: &Value, returned: &[&str]) -> Fragment {
    let function = call.get("function").unwrap_or(&Value::Null);
    let fields = call.as_object().into_iter().flatten();
    let kept = fields.filter(|(key, value)| returned.contains(&key.as_str()) && !value.is_null());
    let kept: serde_json::Map<String, Value> = kept
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Fragment {
        index: json::count(call.get("index")),
        id: json::word(call.get("id")),
        name: json::word(function.get("name")),
        arguments: match function.get("arguments") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        },
        returned: (!kept.is_empty()).then(|| kept.into()),
    }
}
