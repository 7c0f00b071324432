//! Secrets that are planted, and the ways in which they are disguised.

use kaos_tests::text::Seeded;

/// A secret, and the text that shows what it is.
pub(crate) struct Canary {
    pub(crate) secret: String,
    pub(crate) text: String,
}

type Make = fn(u64) -> Canary;

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn plain(secret: String) -> Canary {
    Canary {
        text: secret.clone(),
        secret,
    }
}

fn named(name: &str, secret: String) -> Canary {
    Canary {
        text: format!("{name}{secret}"),
        secret,
    }
}

/// One kind of secret for each class that finds without being asked.
pub(crate) const CANARIES: &[(&str, Make)] = &[
    ("LLM_KEY", |seed| {
        plain(format!(
            "sk-ant-api03-{}",
            Seeded::new(seed).string(ALNUM, 40)
        ))
    }),
    ("CODE_TOKEN", |seed| {
        plain(format!("ghp_{}", Seeded::new(seed).string(ALNUM, 36)))
    }),
    ("CLOUD_KEY", |seed| {
        plain(format!("hvs.{}", Seeded::new(seed).string(ALNUM, 30)))
    }),
    ("SERVICE_KEY", |seed| {
        plain(format!("sk_live_{}", Seeded::new(seed).string(ALNUM, 24)))
    }),
    ("JWT", |seed| {
        let mut numbers = Seeded::new(seed);
        plain(format!(
            "eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}",
            numbers.string(ALNUM, 40),
            numbers.string(ALNUM, 43)
        ))
    }),
    ("PRIVATE_KEY", |seed| {
        let body = Seeded::new(seed).string(ALNUM, 60);
        Canary {
            text: format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"),
            secret: body,
        }
    }),
    ("AUTHORIZATION", |seed| {
        named(
            "Authorization: Bearer ",
            format!("a1{}", Seeded::new(seed).string(ALNUM, 30)),
        )
    }),
    ("URL_USERINFO", |seed| {
        let secret = format!("p4{}", Seeded::new(seed).string(ALNUM, 12));
        Canary {
            text: format!("https://kim:{secret}@host.dev/x"),
            secret,
        }
    }),
    ("PASSWORD", |seed| {
        named(
            "password=",
            format!("h7{}x", Seeded::new(seed).string(ALNUM, 9)),
        )
    }),
    ("SECRET", |seed| {
        named(
            "api_key: ",
            format!("k9{}4", Seeded::new(seed).string(ALNUM, 28)),
        )
    }),
    ("TOKEN", |seed| {
        // Each kind of byte, and each letter once: the shape of a random token, for every seed.
        let mut numbers = Seeded::new(seed);
        let (upper, lower) = (numbers.below(26), numbers.below(26));
        let letter =
            |first: u8, index: usize| char::from(first + u8::try_from(index * 5 % 26).unwrap());
        let secret: String = (0..12)
            .flat_map(|index| {
                let digit = u32::try_from(numbers.below(10)).unwrap();
                [
                    letter(b'A', upper + index),
                    char::from_digit(digit, 10).unwrap(),
                    letter(b'a', lower + index),
                ]
            })
            .collect();
        Canary {
            text: format!("license {secret}"),
            secret,
        }
    }),
    ("EMAIL", |seed| {
        plain(format!(
            "kim.{}@corp.dev",
            Seeded::new(seed).string("abcdefgh", 8)
        ))
    }),
    ("CARD", |seed| plain(card(seed))),
    ("SSN", |seed| {
        let mut numbers = Seeded::new(seed);
        plain(format!(
            "{}-{}-{}",
            100 + numbers.below(500),
            10 + numbers.below(89),
            1000 + numbers.below(8999)
        ))
    }),
    ("IBAN", |seed| plain(iban(seed))),
    ("COOKIE", |seed| {
        named(
            "Cookie: sid=",
            format!("c5{}", Seeded::new(seed).string(ALNUM, 24)),
        )
    }),
    ("USERNAME", |seed| {
        let secret = format!("acct{}", Seeded::new(seed).string("abcdefgh", 9));
        Canary {
            text: format!("user='{secret}' password='h7Kd9x2w'"),
            secret,
        }
    }),
    ("URL_SECRET", |seed| {
        named(
            "https://hooks.slack.com/services/T024BE7LD/B024BE7LE/",
            format!("4zL9{}", Seeded::new(seed).string(ALNUM, 20)),
        )
    }),
    ("CONNECTION_STRING", |seed| {
        let secret = format!("p4{}", Seeded::new(seed).string(ALNUM, 12));
        Canary {
            text: format!("postgres://app:{secret}@db.example.com:5432/app"),
            secret,
        }
    }),
    ("PASSWORD_HASH", |seed| {
        plain(format!("$2b$12${}", Seeded::new(seed).string(ALNUM, 53)))
    }),
    ("ITIN", |seed| {
        let mut numbers = Seeded::new(seed);
        plain(format!(
            "{}-{}-{}",
            900 + numbers.below(100),
            70 + numbers.below(19),
            1000 + numbers.below(8999)
        ))
    }),
    ("EIN", |seed| {
        let mut numbers = Seeded::new(seed);
        plain(format!(
            "{}-{}",
            30 + numbers.below(19),
            1_000_000 + numbers.below(8_999_999)
        ))
    }),
];

/// The classes that no secret of their own can be planted for: on request, or by policy and limit.
pub(crate) const WITHOUT: &[&str] = &[
    "IP_ADDRESS",
    "PHONE",
    "CONTENT",
    "OVERSIZE",
    "DEPTH",
    "INVALID_JSON",
    "UNSTABLE",
];

fn card(seed: u64) -> String {
    let mut digits: Vec<u32> = format!("4{}", Seeded::new(seed).string("0123456789", 14))
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            if index % 2 == 0 {
                digit * 2 / 10 + digit * 2 % 10
            } else {
                *digit
            }
        })
        .sum();
    digits.push((10 - sum % 10) % 10);
    digits.iter().map(u32::to_string).collect()
}

fn iban(seed: u64) -> String {
    let account = Seeded::new(seed).string("0123456789", 18);
    // DE is 13 14; the check digits make the rest 1.
    let rest = format!("{account}131400")
        .bytes()
        .fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("DE{:02}{account}", 98 - rest)
}

/// The texts that carry a canary in all its disguises.
pub(crate) fn disguises(canary: &Canary, before: &str, after: &str) -> Vec<(&'static str, String)> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let plain = format!("{before} {} {after}", canary.text);
    let nested = format!(
        "{{\"a\": [1, {}]}}",
        json(&format!("{{\"b\": {}}}", json(&plain)))
    );
    let percent: String = canary
        .text
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let reserved: String = canary
        .text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.~".contains(c) {
                c.to_string()
            } else {
                format!("%{:02x}", u32::from(c))
            }
        })
        .collect();
    let escaped: String = canary
        .text
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();
    let wide: String = canary
        .text
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                char::from_u32(u32::from(c) + 0xfee0).unwrap()
            } else {
                c
            }
        })
        .collect();
    let thin: String = canary.text.chars().flat_map(|c| [c, '\u{200b}']).collect();
    vec![
        ("prose", plain.clone()),
        ("JSON", format!("{{\"note\": {}, \"n\": 1}}", json(&plain))),
        ("nested JSON", nested),
        ("object key", format!("{{{}: 1}}", json(&plain))),
        ("percent", format!("{before} {percent} {after}")),
        ("percent of reserved", format!("x?q={reserved}&{after}")),
        ("u-escapes in text", format!("{before} {escaped} {after}")),
        (
            "u-escapes in JSON",
            format!("{{\"note\": \"{before} {escaped} {after}\"}}"),
        ),
        ("full width", format!("{before} {wide} {after}")),
        ("zero width", format!("{before} {thin} {after}")),
        (
            "Basic",
            format!(
                "{before} Basic {} {after}",
                base64(&format!("kim:{}", canary.secret))
            ),
        ),
        ("error", format!("request failed: invalid value {plain}")),
    ]
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks(3)
        .map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..4)
                .map(|digit| {
                    if digit > chunk.len() {
                        '='
                    } else {
                        char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize])
                    }
                })
                .collect::<String>()
        })
        .collect()
}
