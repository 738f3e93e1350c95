//! As much of `PromQL` as tells which names an expression uses: simple, and strict where it does not know.

use crate::reference::Reference;

const FUNCTIONS: &[&str] = &[
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "topk",
    "rate",
    "increase",
    "changes",
    "delta",
    "deriv",
    "resets",
    "histogram_quantile",
    "predict_linear",
    "clamp_min",
    "clamp_max",
    "avg_over_time",
    "max_over_time",
    "min_over_time",
    "sum_over_time",
    "time",
    "absent",
    "vector",
    "label_values",
];
const WORDS: &[&str] = &["and", "or", "unless", "bool", "offset"];
/// Followed by labels in parentheses.
const GROUPINGS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Every series has these.
const COMMON: &[&str] = &["job", "instance"];

#[derive(Debug, Clone, PartialEq)]
enum Token<'t> {
    Name(&'t str),
    Text(&'t str),
    Sign(char),
}

/// What is wrong with the names of an expression; nothing when all are known.
pub(crate) fn unknown(expression: &str, reference: &Reference) -> Vec<String> {
    let tokens = tokens(expression);
    let mut wrong = Vec::new();
    let (mut grouped, mut labels) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Name(name) = token else { continue };
        // `sum(…)`, and `sum by (…) (…)`.
        let called = match tokens.get(at) {
            Some(Token::Sign(sign)) => *sign == '(',
            Some(Token::Name(next)) => GROUPINGS.contains(next),
            _ => false,
        };
        let function = called && FUNCTIONS.contains(name);
        if GROUPINGS.contains(name) {
            while !matches!(tokens.get(at), Some(Token::Sign(')')) | None) {
                if let Token::Name(label) = tokens[at] {
                    grouped.push(label);
                }
                at += 1;
            }
        } else if called && !function && !WORDS.contains(name) {
            wrong.push(format!("function `{name}`"));
        } else if let Some(metric) = reference.of(name) {
            labels.extend(metric.labels.keys().map(String::as_str));
            let bucket = name.ends_with("_bucket") && metric.kind == "histogram";
            labels.extend(bucket.then_some("le"));
            if tokens.get(at) == Some(&Token::Sign('{')) {
                at = selectors(&tokens, at + 1, |label, equals, value| {
                    let listed = metric.labels.get(label);
                    let exact = equals && !value.contains('$');
                    if listed.is_none() && !COMMON.contains(&label) && !(bucket && label == "le") {
                        wrong.push(format!("label `{label}` of `{name}`"));
                    } else if let Some(Some(values)) = listed
                        && exact
                        && !values.contains(value)
                    {
                        wrong.push(format!("value `{value}` of label `{label}` of `{name}`"));
                    }
                });
            }
        } else if *name == "up" {
            at = if tokens.get(at) == Some(&Token::Sign('{')) {
                selectors(&tokens, at + 1, |_, _, _| {})
            } else {
                at
            };
        } else if !function && !WORDS.contains(name) {
            wrong.push(format!("metric `{name}`"));
        }
    }
    let stray = grouped.into_iter().filter(|label| !labels.contains(label) && !COMMON.contains(label));
    wrong.extend(stray.map(|label| format!("label `{label}`, which nothing here has")));
    wrong
}

/// Tells each `label=value` up to the closing brace, and whether it is an equality; returns what follows.
fn selectors(tokens: &[Token<'_>], mut at: usize, mut tell: impl FnMut(&str, bool, &str)) -> usize {
    while let Some(Token::Name(label)) = tokens.get(at) {
        let signs =
            tokens[at + 1..].iter().take_while(|token| matches!(token, Token::Sign('=' | '!' | '~'))).count();
        let Some(Token::Text(value)) = tokens.get(at + 1 + signs) else { break };
        tell(label, signs == 1, value);
        at += signs + 2;
        at += usize::from(tokens.get(at) == Some(&Token::Sign(',')));
    }
    assert_eq!(tokens.get(at), Some(&Token::Sign('}')), "a selector that cannot be read");
    at + 1
}

/// Numbers and ranges name nothing and are left out.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = |stop: fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let taken = match first {
            '"' => {
                let length = rest[1..].find('"').expect("a string ends") + 2;
                tokens.push(Token::Text(&rest[1..length - 1]));
                length
            }
            '[' => rest.find(']').expect("a range ends") + 1,
            'a'..='z' | 'A'..='Z' | '_' | ':' => {
                let length = end(|sign| !(sign.is_ascii_alphanumeric() || matches!(sign, '_' | ':')));
                tokens.push(Token::Name(&rest[..length]));
                length
            }
            // A number, with its unit where it is a duration.
            '0'..='9' => end(|sign| !(sign.is_ascii_alphanumeric() || sign == '.')),
            _ => {
                tokens.push(Token::Sign(first));
                first.len_utf8()
            }
        };
        rest = rest[taken..].trim_start();
    }
    tokens
}

#[test]
fn names_that_the_tables_lack_are_told() {
    let told = |expression| unknown(expression, &Reference::read());
    let nothing: Vec<String> = Vec::new();
    assert_eq!(
        told(r#"sum by (tier) (rate(recobeat_tier_hits_total{tier="memory", job="x"}[5m])) > 0.7"#),
        nothing
    );
    let quantile =
        "histogram_quantile(0.95, sum by (le, lane) (rate(recobeat_budget_wait_seconds_bucket[5m])))";
    assert_eq!(told(quantile), nothing);
    for (expression, wrong) in [
        ("recobeat_tier_hit_total", "metric `recobeat_tier_hit_total`"),
        ("recobeat_budget_wait_seconds", "metric `recobeat_budget_wait_seconds`"),
        (r#"recobeat_tier_up{tear="disk"}"#, "label `tear` of `recobeat_tier_up`"),
        (r#"recobeat_tier_up{tier="disc"}"#, "value `disc` of label `tier` of `recobeat_tier_up`"),
        ("sum by (lane) (recobeat_tier_up)", "label `lane`, which nothing here has"),
        ("rait(recobeat_tier_up[5m])", "function `rait`"),
    ] {
        assert_eq!(told(expression), [wrong], "{expression}");
    }
}
