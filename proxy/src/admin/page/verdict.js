// Is it well? A headline for the gravest thing with a line about it, and the others below. Pure:
// values in, words out.

import { clock, count, share, span } from "./figures.js";

const LEVELS = ["good", "wait", "notice", "bad"];
const GOES_ON = "What is known is still answered.";

// A finding: `kind` stays the same while the figures in its words change.
function found(level, kind, text, more = "") {
  return { level, kind, text, more };
}

export function findings(pulse) {
  if (pulse.away) {
    const text = pulse.silent === null ? "No answer yet" : `No answer for ${span(pulse.silent)}`;
    const kept = pulse.heard === null ? "" : ` What is shown is from ${clock(pulse.heard / 1000)}.`;
    return [found("bad", "away", `${text}.`, `Trying again in ${pulse.retry} s.${kept}`)];
  }
  if (pulse.health === null) return [found("wait", "asking", "Asking the proxy …")];
  const all = [...ofHealth(pulse.health), ...ofStats(pulse.stats), ...ofStanding(pulse.standing)];
  if (pulse.locked) all.push(found("notice", "locked", "The figures need the admin token.", "The proxy runs. Press Token to give it."));
  if (pulse.trouble) all.push(found("notice", "trouble", "The proxy did not answer everything.", pulse.trouble));
  if (all.length === 0) all.push(well(pulse));
  return all.sort((one, other) => LEVELS.indexOf(other.level) - LEVELS.indexOf(one.level));
}

function ofHealth({ status, upstream, disk, redis }) {
  const all = [];
  if (status !== "ready") all.push(found("wait", "starting", "Starting.", "The tier behind memory is being opened."));
  if (upstream?.reachable === false) all.push(found("bad", "upstream", "The upstream is away.", `${upstream.reason}. ${GOES_ON}`));
  if (upstream?.suspended) {
    all.push(found("bad", "breaker", "The breaker is open.", `Calls failed one after another and are suspended. ${GOES_ON}`));
  }
  if (upstream?.hold_seconds) {
    const left = span(Math.ceil(upstream.hold_seconds));
    all.push(found("bad", "hold", `Calls are held for ${left}.`, `The upstream said 429. ${GOES_ON}`));
  }
  for (const [tier, name] of [[disk, "disk"], [redis, "Redis"]]) {
    if (!tier || tier.up || status !== "ready") continue;
    const reason = tier.away_because ? `${tier.away_because}. ` : "";
    all.push(found("bad", name, `The ${name} tier is away.`, `${reason}Memory goes on alone.`));
  }
  return all;
}

function ofStats(stats) {
  if (!stats) return [];
  const all = [];
  const { budget } = stats;
  const waiting = Object.values(budget.queued).reduce((sum, queued) => sum + queued, 0);
  const slow = budget.projected_wait_seconds;
  if (budget.rate_per_minute === 0) {
    all.push(found("notice", "zero", "The budget is 0 calls a minute.", "Only what is known is answered."));
  } else if (slow > 10 && waiting > 0 && !budget.hold_seconds) {
    all.push(found("notice", "full", "The budget is used up.", `A call that came now would wait ${span(slow)}; ${count(waiting, "call")} in the queue.`));
  }
  if (budget.shared === false && budget.replicas > 1) {
    all.push(found("notice", "apart", "The replicas do not share a budget at present.", `This one has its part of it: 1/${budget.replicas}.`));
  }
  return all;
}

function ofStanding(standing) {
  if (!standing) return [];
  const all = [];
  if (!standing.good) all.push(found("notice", "config", "The configuration file was refused.", "What ran before still runs; why is told below."));
  const needed = standing.restart.length;
  if (needed > 0) all.push(found("notice", "restart", "A restart is needed.", `${count(needed, "key")} of the configuration will hold after it only.`));
  return all;
}

function well({ stats }) {
  if (!stats) return found("good", "well", "All is well.");
  const rows = Object.values(stats.cache.by_category);
  const [held, missed] = rows.reduce(([held, missed], row) => [held + row.hit + row.stale, missed + row.miss], [0, 0]);
  const { started_last_minute: started, rate_per_minute: rate } = stats.budget;
  const used = `${count(started, "call")} of ${Math.round(rate)} used in the last minute.`;
  const rest = held + missed > 0 ? ` ${share(held / (held + missed))} of look-ups since the start were answered from here.` : "";
  return found("good", "well", "All is well.", used + rest);
}
