//! Public examples of secret-scanning rules: how many secrets go, and what else does.

use std::collections::BTreeMap;

use kaos_hooks::redact::Redactor;
use serde_json::Value;

/// The examples that Nosey Parker's rules carry (Apache-2.0, github.com/praetorian-inc/noseyparker),
/// one JSON object a line: `redact` rows name the secret, `keep` rows hold none.
const CORPUS: &str = include_str!("../../support/redaction-corpus.jsonl");

struct Row {
    rule: String,
    secret: Option<String>,
    text: String,
}

fn rows() -> Vec<Row> {
    CORPUS
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            assert_eq!(row["expect"] == "redact", row["secret"].is_string());
            Row {
                rule: text("rule").unwrap(),
                secret: text("secret"),
                text: text("text").unwrap(),
            }
        })
        .collect()
}

/// Characters of `text` that are not in `safe` and not in `secret`: what a reader lost.
fn collateral(text: &str, safe: &str, secret: &str) -> usize {
    let mut is_secret = vec![false; text.len()];
    for (start, _) in text.match_indices(secret) {
        is_secret[start..start + secret.len()].fill(true);
    }
    let lost = |start: usize, end: usize| {
        text[start..end]
            .char_indices()
            .filter(|(at, _)| !is_secret[start + at])
            .count()
    };
    let mut position = 0;
    let mut total = 0;
    for part in parts(safe) {
        let Some(found) = text[position..].find(part) else {
            continue;
        };
        total += lost(position, position + found);
        position += found + part.len();
    }
    total + lost(position, text.len())
}

/// What stands between the sentinels.
fn parts(safe: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = safe;
    while let Some(start) = rest.find("<redacted:") {
        parts.push(&rest[..start]);
        rest = rest[start..].split_once('>').map_or("", |(_, rest)| rest);
    }
    parts.push(rest);
    parts
}

#[test]
fn public_examples_hold_the_bounds() {
    let redactor = Redactor::new();
    let (mut redact, mut gone, mut keep, mut changed) = (0, 0, 0, 0);
    let (mut lost, mut total) = (0, 0);
    let mut by_half = BTreeMap::new();
    for row in rows() {
        let safe = redactor.any(&row.text);
        let half = row.rule.bytes().map(u32::from).sum::<u32>() % 2;
        let Some(secret) = row.secret else {
            keep += 1;
            if safe.as_str() != row.text {
                changed += 1;
                println!(
                    "false hit {}: {:?}\n       -> {:?}",
                    row.rule,
                    row.text,
                    safe.as_str()
                );
            }
            continue;
        };
        redact += 1;
        let breaks = |text: &str| text.matches('\n').count();
        let is_gone = !safe.as_str().contains(&secret)
            && breaks(&row.text) - breaks(&secret) <= breaks(safe.as_str());
        gone += usize::from(is_gone);
        let counts: &mut (usize, usize) = by_half.entry(half).or_default();
        counts.0 += usize::from(is_gone);
        counts.1 += 1;
        if !is_gone {
            println!("missed {}: {secret:?} in {:?}", row.rule, safe.as_str());
        }
        let row_lost = collateral(&row.text, safe.as_str(), &secret);
        if row_lost > 0 {
            println!(
                "collateral {row_lost} {}: {secret:?} {:?}",
                row.rule,
                safe.as_str()
            );
        }
        lost += row_lost;
        total += row.text.chars().count() - secret.chars().count();
    }
    let share = |part: usize, whole: usize| {
        f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
    };
    let (recall, false_hits, collateral) = (
        share(gone, redact),
        share(changed, keep),
        share(lost, total),
    );
    println!(
        "recall {recall:.3} ({gone}/{redact}), false hits {false_hits:.3} ({changed}/{keep}), collateral {collateral:.3}"
    );
    println!("recall by half of the rules: {by_half:?}");
    assert!(recall >= 0.95, "recall {recall:.3}");
    assert!(false_hits <= 0.15, "false hits {false_hits:.3}");
    assert!(collateral <= 0.15, "collateral {collateral:.3}");
}
