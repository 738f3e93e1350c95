use crate::harness::broken;
use crate::row::{Row, Seen, row};

pub(crate) fn rows() -> Vec<Row> {
    vec![row(
        "check: broken configurations of both services",
        "each refused, with line, key or value, and remedy; no secret shown",
        refused,
    )]
}

async fn refused() -> Seen {
    const SHOWN: [&str; 3] =
        ["a misspelt key", "more calls at once than connections", "a secret that can be guessed"];
    let mut seen = Seen::default();
    let all = broken::all();
    let checked: Vec<_> = all.iter().map(|broken| (broken.case, broken.check())).collect();
    let good = checked.iter().filter(|(_, told)| told.is_ok()).count();
    seen.must(good == all.len(), format!("{good} of {}", all.len()));
    let wrong: Vec<String> = checked.iter().filter_map(|(_, told)| told.clone().err()).collect();
    seen.must_be_none(&wrong);
    for (case, told) in &checked {
        if let Ok(told) = told
            && SHOWN.contains(case)
        {
            seen.note(format!("{case}: {}", brief(told)));
        }
    }
    seen
}

/// The message and its remedy, without the lines that point at it.
fn brief(told: &str) -> String {
    let remedy = told.lines().last().unwrap_or_default().trim_start().trim_start_matches("= ");
    format!("{} [{remedy}]", told.lines().next().unwrap_or_default())
}
