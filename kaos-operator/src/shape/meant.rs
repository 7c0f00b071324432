//! The field that was meant by one that is not known.

use serde_json::Value;

/// The path of the field that was probably meant by `key` in the object at `path`, whose schema this is.
pub(super) fn field(path: &str, key: &str, object: &Value, whole: &Value) -> Option<String> {
    if let Some(near) = nearest(key, names(object)) {
        return Some(joined(path, near));
    }
    let mut places = Vec::new();
    elsewhere(whole, "", key, &mut places);
    places
        .into_iter()
        .min_by_key(|place| place.matches('.').count())
}

/// The nearest of some words, if one is near.
pub(crate) fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // Distances take time with the square of the length, and no name is so long.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let far = word.chars().count() / 3 + 1;
    words
        .map(|it| (strsim::damerau_levenshtein(&word, &it.to_lowercase()), it))
        .filter(|(distance, it)| *distance <= far && *distance < it.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

fn names(schema: &Value) -> impl Iterator<Item = &str> {
    let fields = schema.get("properties").and_then(Value::as_object);
    fields
        .into_iter()
        .flat_map(|fields| fields.keys().map(String::as_str))
}

fn elsewhere(schema: &Value, path: &str, key: &str, places: &mut Vec<String>) {
    let fields = schema.get("properties").and_then(Value::as_object);
    for (name, field) in fields.into_iter().flatten() {
        let place = joined(path, name);
        if name.eq_ignore_ascii_case(key) {
            places.push(place.clone());
        }
        elsewhere(field, &place, key, places);
    }
}

pub(super) fn joined(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}
