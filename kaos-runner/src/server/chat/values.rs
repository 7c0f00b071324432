//! How many values a text of JSON has, found out without making any of them: a value of two bytes, such as
//! `0,`, takes many times that in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether a text may have more values than this. What is no JSON is not judged.
pub(super) fn are_too_many(json: &[u8], most: usize) -> bool {
    // Every value but the last has a byte behind it.
    if json.len() / 2 < most {
        return false;
    }
    let mut left = most;
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = Count(&mut left).deserialize(&mut reader);
    read.is_err() && left == 0
}

/// Reads one value and those in it, as long as there may be more.
struct Count<'a>(&'a mut usize);

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        *self.0 = self
            .0
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom("too many values"))?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _value: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _value: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _value: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _value: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Count(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_key::<IgnoredAny>()?.is_some() {
            fields.next_value_seed(Count(self.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_however_they_are_nested() {
        for (json, values) in [
            ("[1,2,3]", 4),
            (r#"{"a":[true,null],"b":{"c":"[1,2]"}}"#, 6),
            ("[[],[],[]]", 4),
            ("[[[[0]]]]", 5),
        ] {
            let json = format!("{json}{}", " ".repeat(64));
            assert!(!are_too_many(json.as_bytes(), values), "{json}");
            assert!(are_too_many(json.as_bytes(), values - 1), "{json}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_to_who_reads_it() {
        let broken = format!("[1,2,{}", " ".repeat(64));
        assert!(!are_too_many(broken.as_bytes(), 10));
    }
}
