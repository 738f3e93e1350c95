// Is it well? One sentence for the gravest thing, one for each other. Pure: values in, words out.

import { clock, count, share, span } from "./figures.js";

const LEVELS = ["good", "wait", "notice", "bad"];

// A finding: `kind` stays the same while the figures in its sentence change.
function found(level, kind, text) {
  return { level, kind, text };
}

export function findings(pulse) {
  if (pulse.away) {
    const silent = pulse.silent === null ? "No answer yet" : `No answer for ${span(pulse.silent)}`;
    const kept = pulse.heard === null ? "" : ` What is shown is from ${clock(pulse.heard / 1000)}.`;
    return [found("bad", "away", `${silent}; trying again in ${pulse.retry} s.${kept}`)];
  }
  if (pulse.health === null) return [found("wait", "asking", "Asking the proxy …")];
  const all = [...ofHealth(pulse.health), ...ofStats(pulse.stats), ...ofConfig(pulse.config)];
  if (pulse.locked) {
    all.push(found("notice", "locked", "The proxy runs; its figures need the admin token. Press Token to give it."));
  }
  if (pulse.trouble) all.push(found("notice", "trouble", `The proxy could not be asked for everything: ${pulse.trouble}`));
  if (all.length === 0) all.push(well(pulse));
  return all.sort((one, other) => LEVELS.indexOf(other.level) - LEVELS.indexOf(one.level));
}

function ofHealth({ status, upstream, disk, redis }) {
  const all = [];
  if (status !== "ready") all.push(found("wait", "starting", "Starting: the tier behind memory is being opened."));
  if (upstream?.reachable === false) {
    all.push(found("bad", "upstream", `The upstream is away: ${upstream.reason}. What is known is still answered.`));
  }
  if (upstream?.suspended) {
    all.push(found("bad", "breaker", "The breaker is open: calls failed one after another and are suspended. What is known is still answered."));
  }
  if (upstream?.hold_seconds) {
    all.push(found("bad", "hold", `The upstream said 429: all calls are held for ${span(Math.ceil(upstream.hold_seconds))} more.`));
  }
  for (const [tier, name] of [[disk, "disk"], [redis, "Redis"]]) {
    if (tier && !tier.up && status === "ready") {
      const reason = tier.away_because ? `: ${tier.away_because}` : "";
      all.push(found("bad", name, `The ${name} tier is away${reason}. Memory goes on alone.`));
    }
  }
  return all;
}

function ofStats(stats) {
  if (!stats) return [];
  const all = [];
  const { budget, config } = stats;
  const waiting = Object.values(budget.queued).reduce((sum, queued) => sum + queued, 0);
  const slow = budget.projected_wait_seconds;
  if (budget.rate_per_minute === 0) {
    all.push(found("notice", "zero", "The budget is 0 calls a minute: only what is known is answered."));
  } else if (slow > 10 && waiting > 0 && !budget.hold_seconds) {
    all.push(found("notice", "full", `The budget is used up: a call that came now would wait ${span(slow)}; ${count(waiting, "call")} wait.`));
  }
  if (budget.shared === false && budget.replicas > 1) {
    all.push(found("notice", "apart", `The replicas cannot see each other: this one has 1/${budget.replicas} of the budget.`));
  }
  if (config?.good === false) {
    all.push(found("notice", "config", "The configuration file as it is now was refused; the one before it runs."));
  }
  return all;
}

function ofConfig(config) {
  const needed = config?.restart_needed?.length ?? 0;
  if (needed === 0) return [];
  return [found("notice", "restart", `${count(needed, "key")} of the configuration will hold after a restart only.`)];
}

function well({ stats }) {
  const rows = Object.values(stats?.cache.by_category ?? {});
  const [held, missed] = rows.reduce(([held, missed], row) => [held + row.hit + row.stale, missed + row.miss], [0, 0]);
  const budget = stats?.budget;
  const rate = budget ? ` ${budget.started_last_minute} of ${Math.round(budget.rate_per_minute)} calls used in the last minute.` : "";
  const rest = held + missed > 0 ? ` ${share(held / (held + missed))} of look-ups since the start were answered from here.` : "";
  return found("good", "well", `All is well.${rate}${rest}`);
}
