//! Secrets that another scanner's generator made: how many go, by half and by rule.

use std::collections::BTreeMap;

use kaos_hooks::redact::Redactor;
use serde_json::Value;

/// Rows that the rule generator of gitleaks v8 (MIT, github.com/gitleaks/gitleaks) makes, with
/// random values, one JSON object a line. Rules are made with those of `half: tune` only; those of
/// `half: hold` say how they do where nobody looked. So nothing here ever prints a row of `hold`.
const CORPUS: &str = include_str!("../../support/redaction-corpus-2.jsonl");

/// Secrets that went, of how many.
#[derive(Clone, Copy, Default)]
struct Gone(u32, u32);

impl Gone {
    fn share(self) -> f64 {
        f64::from(self.0) / f64::from(self.1.max(1))
    }
}

fn measure() -> BTreeMap<String, BTreeMap<String, Gone>> {
    let redactor = Redactor::new();
    let mut halves: BTreeMap<String, BTreeMap<String, Gone>> = BTreeMap::new();
    for line in CORPUS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let (half, secret) = (text("half"), text("secret"));
        let safe = redactor.any(row["text"].as_str().unwrap());
        let is_gone = !safe.as_str().contains(&secret);
        if !is_gone && half == "tune" {
            println!("missed {}: {:?}", text("rule"), safe.as_str());
        }
        let rule = halves.entry(half).or_default().entry(text("rule"));
        let gone = rule.or_default();
        gone.0 += u32::from(is_gone);
        gone.1 += 1;
    }
    halves
}

#[test]
fn a_generator_s_secrets_go_in_the_half_that_nobody_looked_at_too() {
    let mut shares = BTreeMap::new();
    for (half, rules) in measure() {
        let all = rules.values().fold(Gone::default(), |all, one| {
            Gone(all.0 + one.0, all.1 + one.1)
        });
        let by_rule: f64 = rules.values().map(|gone| gone.share()).sum();
        let count = f64::from(u32::try_from(rules.len()).unwrap());
        println!(
            "{half}: recall by row {:.3} ({}/{}), by rule {:.3}",
            all.share(),
            all.0,
            all.1,
            by_rule / count
        );
        for (rule, gone) in &rules {
            if half == "tune" || gone.0 < gone.1 {
                println!("  {half} {rule}: {}/{}", gone.0, gone.1);
            }
        }
        shares.insert(half, all.share());
    }
    assert!(shares["tune"] >= 0.95, "{shares:?}");
    assert!(shares["hold"] >= 0.92, "{shares:?}");
}
