//! What one turn asks for in place of its model's own parameters.

use kaos_hooks::LlmParams;

/// Both together, field by field: what is asked for counts, but of two limits the lower one.
pub(crate) fn over(own: LlmParams, asked: &LlmParams) -> LlmParams {
    let LlmParams {
        max_tokens,
        temperature,
        top_p,
        top_k,
        frequency_penalty,
        presence_penalty,
        stop_sequences,
        seed,
        choice_count: _, // one is asked for, always
        output_type,
    } = asked.clone();
    let stops = !stop_sequences.is_empty();
    LlmParams {
        max_tokens: own.max_tokens.into_iter().chain(max_tokens).min(),
        temperature: temperature.or(own.temperature),
        top_p: top_p.or(own.top_p),
        top_k: top_k.or(own.top_k),
        frequency_penalty: frequency_penalty.or(own.frequency_penalty),
        presence_penalty: presence_penalty.or(own.presence_penalty),
        stop_sequences: if stops {
            stop_sequences
        } else {
            own.stop_sequences
        },
        seed: seed.or(own.seed),
        choice_count: own.choice_count,
        output_type: output_type.or(own.output_type),
    }
}
