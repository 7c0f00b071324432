use kaos_hooks::Usage;

/// The tokens of both, as far as they are known.
pub(crate) fn add(left: Option<Usage>, right: Option<Usage>) -> Option<Usage> {
    match (left, right) {
        (Some(mut left), Some(right)) => {
            left += right;
            Some(left)
        }
        (one, None) | (None, one) => one,
    }
}
