//! How a name is joined to a value, whatever the syntax.

/// The form that joins a name to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    /// `name = value`, `name=value` or `name: value` alone on its line, as configuration has it.
    Line,
    /// Words alone on the line of a passphrase's name.
    Phrase,
    /// `name: value`.
    Colon,
    /// `name = value`, `name := value`, `name => value`.
    Equals,
    /// `NAME=value` without spaces.
    Constant,
    /// `?name=value&`, `;name=value;`.
    Query,
    /// `name=value` among its like, with blanks between.
    Pair,
    /// `name == "value"`.
    Compare,
    /// `define('NAME', 'value')` and its kin, which give names to values.
    Definition,
    /// `f("name", "value")`.
    Argument,
    /// `name("value")`.
    Call,
    /// `key="name" value="value"`.
    Attribute,
    /// `name: NAME` on one line, `value: …` on the next.
    Stated,
    /// `<name>value</name>`.
    Element,
    /// `| name | value |`, `<td>name</td><td>value</td>`, `name` and `value` with a tab between.
    Cell,
    /// `--name value`, `login x password value`.
    Flag,
    /// `name 'value'` alone on its line, `:name "value"`, `PASSWORD 'value'`.
    Block,
    /// `name:` and the value on the next line.
    NextLine,
    /// `the name is value`.
    Sentence,
    /// `name value`, where only a random value is one.
    Beside,
}

/// A form and where its value starts.
#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) form: Joint,
    pub(crate) value: usize,
}
