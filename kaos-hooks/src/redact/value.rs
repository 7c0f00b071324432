//! What a value is: a secret that is written out, or something that stands for one.

mod label;
mod reference;
mod shape;
mod template;

pub(crate) use label::{is_label, is_seed, names_a_thing, only_repeats};
pub(crate) use reference::{is_code, is_expression, is_left_open, is_placeholder, is_type};
pub(crate) use shape::{is_identifier, is_password, is_random, is_token};
