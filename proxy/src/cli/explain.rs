//! `recobeat-proxy explain URL`: an explanation for people, or as JSON.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use serde_json::Value;

use super::admin::{AdminArgs, AdminClient, AdminError, tell};
use super::paint::Paint;
use crate::config::Admin;
use crate::engine::explain::{Answered, Explanation, Holding, Item, State, Verdict};

/// Items told one by one unless all are asked for.
const FEW: usize = 8;
/// Characters of a URL told unless all are asked for.
const SHORT: usize = 100;

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A URL of the API, or its path with the query, as a client sends it
    url: String,
    /// Print the whole answer as JSON
    #[arg(long)]
    json: bool,
    /// Tell every id and every call
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

impl Explain {
    pub(super) fn run(self, config: &Admin) -> ExitCode {
        tell(self.ask(config))
    }

    async fn ask(&self, config: &Admin) -> Result<String, AdminError> {
        let client = AdminClient::new(&self.admin, config)?;
        let request = client.request(Method::GET, "/explain").query(&[("url", &self.url)]);
        if self.json {
            let told: Value = client.json(request).await?;
            return Ok(format!("{told:#}"));
        }
        let told: Explanation = client.json(request).await?;
        Ok(Page { told: &told, all: self.all, paint: Paint::of_stdout() }.text())
    }
}

/// An explanation as text.
struct Page<'e> {
    told: &'e Explanation,
    all: bool,
    paint: Paint,
}

impl Page<'_> {
    fn text(&self) -> String {
        let Explanation { request, answer, why, .. } = self.told;
        let mut text = format!("{}  GET {}\n", self.word(*answer), self.short(request));
        why.iter().for_each(|why| self.line(&mut text, "", why));
        text.push('\n');
        self.line(&mut text, "kind", &self.kind());
        if let Some(key) = self.told.key.as_ref().filter(|key| *key != request) {
            self.line(&mut text, "key", &self.short(key));
        }
        for repair in &self.told.repairs {
            self.line(&mut text, "repaired", &format!("{}: {}", repair.kind, repair.what));
        }
        if let Some(refused) = &self.told.refused {
            self.line(&mut text, "refused", &refused.body.to_string());
        }
        self.denial(&mut text);
        self.items(&mut text);
        self.upstream(&mut text);
        text
    }

    fn line(&self, text: &mut String, name: &str, value: &str) {
        let _ = writeln!(text, "  {}  {value}", self.paint.dim(&format!("{name:<9}")));
    }

    fn word(&self, answer: Answered) -> String {
        let name = answer.name();
        match answer {
            Answered::Hit | Answered::Stale => self.paint.good(name),
            Answered::Partial | Answered::Miss | Answered::Collapsed | Answered::Pass => {
                self.paint.warn(name)
            }
            Answered::Denied
            | Answered::Rule
            | Answered::Malformed
            | Answered::Budget
            | Answered::Suspended => self.paint.bad(name),
        }
    }

    fn kind(&self) -> String {
        // The name in JSON, for people.
        let kind = serde_json::to_value(self.told.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default().replace('_', " ");
        match &self.told.endpoint {
            Some(endpoint) => format!("{kind} of {endpoint}"),
            None => kind,
        }
    }

    fn denial(&self, text: &mut String) {
        let Some(denial) = &self.told.denial else { return };
        let (ago, left) = (span(denial.age_seconds), span(denial.expires_in_seconds.unsigned_abs()));
        let exempt = if denial.exempt { ", exempt" } else { "" };
        self.line(text, "denied", &format!("{} ({ago} ago, for {left} more{exempt})", denial.reason));
        if let Some(instead) = &denial.answered_instead {
            self.line(text, "instead", &self.short(instead));
        }
    }

    fn items(&self, text: &mut String) {
        let items = &self.told.items;
        if items.len() > 1 {
            let count = |verdict| items.iter().filter(|item| item.verdict == verdict).count();
            let counts = Verdict::ALL.map(|verdict| (count(verdict), verdict));
            let counts = counts.into_iter().filter(|(count, _)| *count > 0);
            let counts: Vec<_> =
                counts.map(|(count, verdict)| format!("{count} {}", verdict.words())).collect();
            self.line(text, "held", &format!("{} ids: {}", items.len(), counts.join(", ")));
        }
        let told = if self.all || items.len() <= FEW { items.len() } else { 0 };
        for item in &items[..told] {
            self.line(text, if items.len() > 1 { "" } else { "held" }, &self.item(item));
        }
        if told < items.len() {
            self.line(text, "", "(--all tells them one by one)");
        }
    }

    fn item(&self, item: &Item) -> String {
        let words = format!("{:<19}", item.verdict.words());
        let words = match item.verdict {
            Verdict::Fresh => self.paint.good(&words),
            Verdict::Stale | Verdict::MissingMark => self.paint.warn(&words),
            Verdict::Absent => self.paint.bad(&words),
        };
        let id = item.id.as_ref().map(|id| format!("{id:<36}  ")).unwrap_or_default();
        let tiers: Vec<String> = item.tiers.iter().map(holding).collect();
        format!("{id}{words}  {}", tiers.join("; ")).trim_end().to_owned()
    }

    fn upstream(&self, text: &mut String) {
        let upstream = &self.told.upstream;
        let told = if self.all { upstream.requests.len() } else { upstream.requests.len().min(3) };
        for request in &upstream.requests[..told] {
            self.line(text, "asks", &self.short(request));
        }
        if told < upstream.requests.len() {
            self.line(text, "", &format!("and {} more", upstream.requests.len() - told));
        }
        let budget = &upstream.budget;
        let queued: usize = budget.queued.values().sum();
        let now = format!(
            "{} of {:.0} calls in the last minute, {} in flight, {queued} queued",
            budget.started_last_minute, budget.rate_per_minute, budget.in_flight
        );
        self.line(text, "budget", &now);
    }

    fn short(&self, url: &str) -> String {
        if self.all || url.chars().count() <= SHORT {
            return url.to_owned();
        }
        let start: String = url.chars().take(SHORT).collect();
        format!("{start}… ({} characters)", url.chars().count())
    }
}

fn holding(holding: &Holding) -> String {
    let Holding { tier, state, age_seconds, fresh_seconds_left, bytes } = holding;
    let left = match (state, fresh_seconds_left) {
        (State::Fresh, Some(left)) => format!("fresh for {}", span(left.unsigned_abs())),
        (State::Stale, Some(left)) => format!("stale since {}", span(left.unsigned_abs())),
        _ => "gone".to_owned(),
    };
    format!("{tier}: {} old, {left}, {bytes} bytes", span(*age_seconds))
}

/// Seconds in the largest unit that fits.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(items: usize) -> Explanation {
        let item = |n: usize| {
            let tiers = json!([{ "tier": "memory", "state": "fresh", "age_seconds": 300,
                "fresh_seconds_left": 7_300, "bytes": 512 }]);
            match n % 3 {
                0 => {
                    json!({ "id": format!("id{n}"), "key": "k", "category": "track", "verdict": "fresh", "tiers": tiers })
                }
                1 => {
                    json!({ "id": format!("id{n}"), "category": "missing", "verdict": "missing_mark", "tiers": [] })
                }
                _ => json!({ "id": format!("id{n}"), "category": "track", "verdict": "absent", "tiers": [] }),
            }
        };
        let ids: Vec<String> = (0..items).map(|n| format!("id{n}")).collect();
        let request = format!("/v1/track?ids={}", ids.join(","));
        let told = json!({
            "request": request, "endpoint": "/v1/track", "kind": "rows", "key": request,
            "repairs": [{ "kind": "overlap", "what": "a negative was a seed" }],
            "refused": null,
            "denial": { "reason": "no seed", "age_seconds": 90, "expires_in_seconds": 80_000,
                "answered_instead": "/v1/less", "exempt": false },
            "items": (0..items).map(item).collect::<Vec<_>>(),
            "upstream": {
                "calls": 1, "ids": 1, "requests": ["GET /v1/track?ids=id2"], "lane": "interactive",
                "projected_wait_seconds": 0.75, "would_be_refused": false, "in_flight_already": 0,
                "breaker": "closed",
                "budget": { "rate_per_minute": 80.0, "started_last_minute": 3, "in_flight": 1,
                    "queued": { "interactive": 2, "refresh": 0, "warm": 0 }, "hold_seconds": null },
            },
            "answer": "partial", "why": ["2 of 3 ids held, 1 to fetch."],
        });
        serde_json::from_value(told).expect("the form of an explanation")
    }

    fn text(items: usize, all: bool) -> String {
        Page { told: &told(items), all, paint: Paint::PLAIN }.text()
    }

    #[test]
    fn a_few_ids_are_told_one_by_one_and_aligned() {
        let expected = "\
partial  GET /v1/track?ids=id0,id1,id2
             2 of 3 ids held, 1 to fetch.

  kind       rows of /v1/track
  repaired   overlap: a negative was a seed
  denied     no seed (90 s ago, for 22 h more)
  instead    /v1/less
  held       3 ids: 1 fresh, 1 known to be missing, 1 absent
             id0                                   fresh                memory: 5 min old, fresh for 2 h, 512 bytes
             id1                                   known to be missing
             id2                                   absent
  asks       GET /v1/track?ids=id2
  budget     3 of 80 calls in the last minute, 1 in flight, 2 queued
";
        assert_eq!(text(3, false), expected);
    }

    #[test]
    fn five_hundred_ids_are_a_summary_unless_all_are_asked_for() {
        let short = text(500, false);
        assert!(
            short.lines().count() < 20 && short.lines().all(|line| line.chars().count() < 140),
            "{short}"
        );
        assert!(short.contains("500 ids: 167 fresh, 167 known to be missing, 166 absent"), "{short}");
        assert!(short.contains("--all"), "{short}");
        let all = text(500, true);
        assert!(all.lines().count() > 500 && all.contains("id499"), "{all}");
    }
}
