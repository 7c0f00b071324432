//! What `at start` of `fields!` may be declared in: those of `Subject::content` and `Subject::briefing`.

use crate::fields::{HasBriefing, HasContent};
use crate::{Briefing, LlmCall, ServedCall, Subagent, ToolCall, Turn};

macro_rules! have {
    (content: $($subject:ident)+) => { $(impl HasContent for $subject {})+ };
    (briefing: $($subject:ident)+) => {
        $(impl HasBriefing for $subject {
            type Briefing = Briefing;
        })+
    };
}

have!(content: Turn LlmCall ToolCall ServedCall Subagent);
have!(briefing: Turn LlmCall);
