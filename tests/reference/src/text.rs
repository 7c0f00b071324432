//! Text made from a seed: prose, JSON, source code and what slows scanners down.

use std::fmt::Write as _;

/// A small generator of numbers (`SplitMix64`): the same seed gives the same text.
#[derive(Clone, Copy, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The generator for a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.number() >> 33).unwrap_or(0) % bound.max(1)
    }

    /// One of `choices`.
    pub fn pick<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices
            .get(self.below(choices.len()))
            .copied()
            .unwrap_or_default()
    }

    /// `length` bytes of `alphabet`.
    pub fn string(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length)
            .filter_map(|_| letters.get(self.below(letters.len())))
            .collect()
    }
}

const WORDS: &str = "the a of and to in is it that for was on are with as they be at this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who its now find long down day did get come made may part over new sound take only little work know place year live me back give most very after thing our just name good sentence man think say great where help through much before line right too mean old any same tell boy follow came want show also around form three small set put end does another well large must big even such because turn here why ask went men read need land different home us move try kind hand picture again change off play spell air away animal house point page letter mother answer found study still learn should world high every near add food between own below country plant last school father keep tree never start city earth eye light thought head under story saw left few while along might close something seem next hard open example begin life always those both paper together got group often run important until children side feet car mile night walk white sea began grow took river four carry state once book hear stop without second later miss idea enough eat face watch far really almost let above girl sometimes mountain cut young talk soon list song being leave family music color";

/// Ordinary sentences, with numbers, dates and names in them.
pub fn prose(bytes: usize, seed: u64) -> String {
    let words: Vec<&str> = WORDS.split(' ').collect();
    let mut numbers = Seeded::new(seed);
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        for index in 0..8 + numbers.below(12) {
            let word = numbers.pick(&words);
            if index == 0 {
                text.extend(
                    word.chars()
                        .next()
                        .map(|letter| letter.to_ascii_uppercase()),
                );
                text.push_str(word.get(1..).unwrap_or_default());
            } else {
                text.push(' ');
                text.push_str(word);
            }
            match numbers.below(90) {
                0 => text.push(','),
                1 => ignore(write!(text, " {}", numbers.below(2000))),
                2 => ignore(write!(text, " (see page {})", numbers.below(300))),
                3 => ignore(write!(
                    text,
                    " on 20{:02}-0{}-1{}",
                    numbers.below(30),
                    1 + numbers.below(9),
                    numbers.below(10)
                )),
                _ => {}
            }
        }
        text.push_str(numbers.pick(&[". ", ".\n", "? ", "; ", ".\n\n"]));
    }
    text
}

/// A JSON array of records without anything to redact.
pub fn json(bytes: usize, seed: u64) -> String {
    let mut numbers = Seeded::new(seed);
    let mut text = String::from("[");
    while text.len() + 180 < bytes.max(220) {
        let separator = if text.len() > 1 { ",\n" } else { "" };
        ignore(write!(
            text,
            r#"{separator}{{"id": {}, "title": "{}", "size": {}.5, "tags": ["{}", "{}"], "done": {}, "parent": null}}"#,
            numbers.below(100_000),
            prose(30, numbers.number()).trim_end(),
            numbers.below(900),
            numbers.pick(&["red", "green", "blue"]),
            numbers.pick(&["old", "young"]),
            numbers.below(2) == 0,
        ));
    }
    text.push(']');
    text
}

/// The cases of the throughput bench, prose first.
pub fn bench_cases(bytes: usize) -> Vec<(&'static str, String)> {
    const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut numbers = Seeded::new(11);
    let repeat = |part: &str| part.repeat(bytes / part.len() + 1);
    let lines = |text: String, width: usize| {
        let bytes: Vec<char> = text.chars().collect();
        bytes
            .chunks(width)
            .map(|line| line.iter().collect::<String>() + "\n")
            .collect::<String>()
    };
    let base64 = numbers.string(BASE64, bytes);
    let printable: String = (b' '..=b'~').map(char::from).collect();
    let any: String = (0..bytes / 2)
        .map(|_| char::from(u8::try_from(numbers.below(256)).unwrap_or(0)))
        .collect();
    vec![
        ("prose", prose(bytes, 1)),
        ("JSON", json(bytes, 2)),
        ("base64", base64.clone()),
        ("base64 in lines", lines(base64, 76)),
        (
            "digit soup",
            lines(
                numbers.string("0123456789012345678901234567890123456789 -.", bytes),
                120,
            ),
        ),
        (
            "digits with separators",
            repeat("4111-1111 5500.0000-3782 822463 10005 123-45-678 "),
        ),
        ("card soup", repeat("4111 1111 1111 1112 ")),
        ("sk- soup", repeat("sk-")),
        ("sk- soup in words", repeat("sk-sk-sk-a1 ")),
        ("BEGIN PRIVATE KEY soup", repeat("BEGIN PRIVATE KEY")),
        ("PEM header soup", repeat("-----BEGIN PRIVATE KEY-----")),
        ("PEM header lines", repeat("-----BEGIN PRIVATE KEY-----\n")),
        (
            "random printable",
            lines(numbers.string(&printable, bytes), 100),
        ),
        ("random bytes", any),
        ("@ soup", repeat("a@b@")),
        (
            "e-mail soup",
            repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b "),
        ),
        ("name soup", repeat("token=\"passkey: ")),
        ("escape soup", repeat("%25\\u0025")),
        ("IBAN soup", repeat("GB82 WEST 1234 GB82 ")),
        ("URL soup", repeat("://a:b@ ")),
        ("user lines", repeat("user: bob\n")),
        ("eyJ soup", repeat("eyJeyJeyJ.")),
        ("Authorization soup", repeat("Authorization: a ")),
        ("Cookie soup", repeat("Cookie: a ")),
        ("key= soup", lines(repeat("key="), 16_000)),
        ("token= soup", lines(repeat("token="), 16_000)),
        ("key=1 soup", lines(repeat("key=1"), 16_000)),
        ("mysql -p soup", lines(repeat("mysql -p"), 16_000)),
        ("curl -u soup", lines(repeat("curl -u"), 16_000)),
        ("webhook soup", lines(repeat("hooks.slack.com/"), 16_000)),
    ]
}

/// Writing to a string cannot fail.
fn ignore(written: std::fmt::Result) {
    written.expect("a string takes any text");
}
