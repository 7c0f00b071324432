//! What a request may hold at most, and what is left out of it so that it does.

use std::sync::atomic::Ordering;

use kaos_hooks::{Scope, Step};

use crate::ToolSpec;
use crate::message::estimate;
use crate::turn::progress::Progress;
use crate::turn::setting::Setting;

/// Leaves out what goes beyond the smallest limit that is known.
pub(crate) fn fit(setting: &Setting<'_>, step: &Scope<Step>, progress: &mut Progress) {
    let model = &setting.agent.model;
    let learned = setting.agent.refused.load(Ordering::Relaxed);
    let learned = (learned > 0).then_some(learned);
    if let Some(learned) = learned {
        // A little more each time: the model, or what was wrong with it, may have changed.
        let more = learned.saturating_add(learned / 128 + 1);
        setting.agent.refused.store(more, Ordering::Relaxed);
    }
    let known = [setting.limits.context, model.context(), learned];
    let Some(limit) = known.into_iter().flatten().min() else {
        return;
    };
    // Of what it may hold, the answer is a part.
    let answer = setting.max_tokens();
    let answer = answer.unwrap_or(limit / 8).min(limit / 2);
    let most = limit.saturating_sub(answer + besides(setting, progress));
    if let Some(went) = progress.conversation.fit(most, "limit") {
        step.emit(went);
    }
}

/// After the model refused the conversation as too long: leaves out three quarters of it, and
/// remembers for later turns that it was too long. Says whether anything could be left out.
pub(crate) fn shrink(setting: &Setting<'_>, step: &Scope<Step>, progress: &mut Progress) -> bool {
    let besides = besides(setting, progress);
    let all = progress.conversation.tokens() + besides;
    setting.agent.refused.store(all / 4 * 3, Ordering::Relaxed);
    let most = (all / 4).saturating_sub(besides);
    let went = progress.conversation.fit(most, "context_length");
    let any = went.is_some();
    if let Some(went) = went {
        step.emit(went);
    }
    any
}

/// Tokens of what the model is told besides the conversation, by estimate.
pub(crate) fn besides(setting: &Setting<'_>, progress: &Progress) -> u64 {
    let toolbox = &progress.toolbox;
    // Where tools are called by blocks, the instructions have them.
    let tools = if setting.agent.fenced {
        &[]
    } else {
        &toolbox.specs[..]
    };
    briefing(&toolbox.instructions, tools)
}

/// About how many tokens the model is told besides the messages.
pub(super) fn briefing(instructions: &str, tools: &[ToolSpec]) -> u64 {
    estimate::text(instructions) + tools.iter().map(ToolSpec::tokens).sum::<u64>()
}
