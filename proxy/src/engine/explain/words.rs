//! An explanation in plain sentences.

use super::model::{Answered, Breaker, Explanation, Forecast, Kind, Verdict};

/// Says why.
pub(super) fn finish(told: Explanation) -> Explanation {
    let mut why = vec![answer(&told)];
    why.extend(kept(&told));
    why.extend(told.repairs.iter().map(|repair| format!("It is corrected first: {}.", repair.what)));
    why.extend(denial(&told));
    why.extend(calls(&told.upstream, told.answer));
    Explanation { why, ..told }
}

fn answer(told: &Explanation) -> String {
    let items = told.items.len();
    let count = |verdict| told.items.iter().filter(|item| item.verdict == verdict).count();
    let missing = count(Verdict::Absent);
    match told.answer {
        Answered::Hit if items > 0 && count(Verdict::MissingMark) == items => {
            "The upstream is known to lack everything that is asked for.".to_owned()
        }
        Answered::Hit if missing > 0 => "Less than was asked for is held and answered.".to_owned(),
        Answered::Hit => "Everything is held and fresh.".to_owned(),
        Answered::Stale => {
            "Everything is held, some of it stale: it is served and renewed behind.".to_owned()
        }
        Answered::Partial => format!("{} of {items} ids held, {missing} to fetch.", items - missing),
        Answered::Miss => "Nothing is held: it is fetched.".to_owned(),
        Answered::Collapsed => "It is being fetched for somebody else, whose call is shared.".to_owned(),
        Answered::Denied => "The upstream has refused it: its refusal is answered from here.".to_owned(),
        Answered::Rule | Answered::Malformed => {
            let rule = told.refused.as_ref().map_or("", |refused| refused.rule.as_str());
            format!("Refused here without a call: {rule}.")
        }
        Answered::Pass => "No answer of this route is kept: it is streamed through.".to_owned(),
        Answered::Budget => {
            "The upstream budget is used up: a slot would come too late, so the answer is a 429.".to_owned()
        }
        Answered::Suspended => {
            "The upstream failed repeatedly: calls are suspended, so the answer is a 503.".to_owned()
        }
    }
}

fn kept(told: &Explanation) -> Option<String> {
    let opaque = told.kind == Kind::Opaque;
    opaque.then(|| "It is not understood completely: sent as it is, kept under its exact text.".to_owned())
}

fn denial(told: &Explanation) -> Option<String> {
    let denial = told.denial.as_ref()?;
    let then = match (&denial.answered_instead, told.answer) {
        _ if denial.exempt => "It is exempt, so it is asked all the same.",
        (Some(_), _) => "What worked instead is answered in its place.",
        (None, Answered::Denied) => "Nothing less is worth a try.",
        (None, _) if told.upstream.calls > 0 => "Less of it is tried.",
        (None, _) => "What is held comes first.",
    };
    let ago = denial.age_seconds;
    Some(format!("The upstream refused it {ago} s ago ({}). {then}", denial.reason))
}

fn calls(upstream: &Forecast, answer: Answered) -> Vec<String> {
    let mut why = Vec::new();
    if upstream.in_flight_already > 0 && answer != Answered::Collapsed {
        why.push(format!("{} of them are being fetched already.", upstream.in_flight_already));
    }
    if upstream.calls > 0 && !upstream.would_be_refused {
        let calls =
            if upstream.calls == 1 { "1 call".to_owned() } else { format!("{} calls", upstream.calls) };
        let wait = match upstream.projected_wait_seconds {
            Some(wait) if wait < 0.05 => "at once".to_owned(),
            Some(wait) => format!("in about {wait:.1} s"),
            None => "never, because the budget allows none".to_owned(),
        };
        why.push(format!(
            "{calls} in the {} lane, the first {wait}.",
            upstream.lane.as_deref().unwrap_or("")
        ));
    }
    if let Some(hold) = upstream.budget.hold_seconds.filter(|_| upstream.calls > 0) {
        why.push(format!("The upstream answered 429: all calls are held for {hold:.0} s more."));
    }
    if upstream.breaker == Breaker::Open && answer != Answered::Suspended {
        why.push("Calls are suspended after repeated failures: nothing is renewed meanwhile.".to_owned());
    }
    why
}
