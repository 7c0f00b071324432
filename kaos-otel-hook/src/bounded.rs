use std::borrow::Cow;

/// At most `limit` characters of a text; where it is cut, the last one is `…`.
pub(crate) fn bounded(text: &str, limit: Option<usize>) -> Cow<'_, str> {
    let Some(limit) = limit.filter(|limit| text.len() > *limit) else {
        return Cow::Borrowed(text);
    };
    if text.char_indices().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let Some(kept) = limit.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let end = text.char_indices().nth(kept).map_or(0, |(end, _)| end);
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned([kept, "…"].concat())
}
