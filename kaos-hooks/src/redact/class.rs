use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of thing was redacted: the middle part of a sentinel.
        ///
        /// # Example
        ///
        /// ```
        /// use kaos_hooks::redact::{Class, Redactor};
        ///
        /// let redacted = Redactor::new().text("mail to kim@corp.dev");
        /// assert_eq!(redacted.report().count(&Class::Email), 1);
        /// assert_eq!(Class::Email.to_string(), "EMAIL");
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Class {
            $($(#[$doc])* $name,)*
            /// A class of the user's own, by the name of its rule.
            Custom(Arc<str>),
        }

        impl Class {
            /// Every class but the user's own.
            pub const BUILT_IN: &'static [Self] = &[$(Self::$name,)*];

            /// The name as it stands in a sentinel: capitals, digits and `_`, at most 20 bytes.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Custom(name) => name,
                }
            }
        }
    };
}

classes! {
    /// A key of a model provider.
    LlmKey = "LLM_KEY",
    /// A token of a code host or a package registry.
    CodeToken = "CODE_TOKEN",
    /// A key of a cloud or infrastructure provider.
    CloudKey = "CLOUD_KEY",
    /// A key of any other service.
    ServiceKey = "SERVICE_KEY",
    /// A JSON Web Token.
    Jwt = "JWT",
    /// A private key: PEM, PGP, age, `WireGuard`.
    PrivateKey = "PRIVATE_KEY",
    /// The credentials of an `Authorization` header.
    Authorization = "AUTHORIZATION",
    /// The value of a cookie header.
    Cookie = "COOKIE",
    /// The user and password of a URL.
    UrlUserinfo = "URL_USERINFO",
    /// A path or query of a URL that is itself a credential, such as a webhook's.
    UrlSecret = "URL_SECRET",
    /// Account, password and host of a data store that can be reached from elsewhere.
    ConnectionString = "CONNECTION_STRING",
    /// The value of a field whose name says password, passphrase, secret or PIN.
    Password = "PASSWORD",
    /// The hash of a password in `crypt` format.
    PasswordHash = "PASSWORD_HASH",
    /// The value of a field whose name says key or token.
    Secret = "SECRET",
    /// A token without a name or a known form: long, and random by its shape.
    Token = "TOKEN",
    /// The account name that stands beside its password.
    Username = "USERNAME",
    /// An e-mail address.
    Email = "EMAIL",
    /// A payment card number: issuer prefix, length and Luhn.
    Card = "CARD",
    /// An International Bank Account Number: country, length and ISO 7064 mod 97.
    Iban = "IBAN",
    /// A social security number of the United States, with separators.
    Ssn = "SSN",
    /// An individual taxpayer number of the United States, with separators.
    Itin = "ITIN",
    /// An employer identification number of the United States, with its separator.
    Ein = "EIN",
    /// An IP address; only when asked for.
    IpAddress = "IP_ADDRESS",
    /// A telephone number in international form; only when asked for.
    Phone = "PHONE",
    /// Content that a policy keeps out or hashes as a whole.
    Content = "CONTENT",
    /// Not looked at, because a token or a text is longer than the limit.
    Oversize = "OVERSIZE",
    /// Not looked at, because JSON is nested deeper than 64 levels.
    Depth = "DEPTH",
    /// Not looked at, because a text that should be JSON is none.
    InvalidJson = "INVALID_JSON",
    /// Not kept, because redacting did not come to rest.
    Unstable = "UNSTABLE",
}

/// A name that no built-in class has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no built-in class is named {name:?}")]
pub struct ClassError {
    name: String,
}

impl FromStr for Class {
    type Err = ClassError;

    /// The built-in class with this name, in capitals as in a sentinel.
    fn from_str(name: &str) -> Result<Self, ClassError> {
        let known = Self::BUILT_IN.iter().find(|class| class.as_str() == name);
        known.cloned().ok_or_else(|| ClassError {
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
