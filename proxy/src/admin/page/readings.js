// From the history's columns to what each strip shows: series with names, values and colours, and
// the one figure that sums the window up. Pure.

import { count, share, short, span, took, whole } from "./figures.js";

const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
// The sum of each step and those before it that lie within a minute, three steps at least: rates of
// a few look-ups jump without meaning anything.
function rolling(values, step) {
  const back = Math.max(3, Math.round(60 / step));
  return values.map((_, at) => sum(values.slice(Math.max(0, at - back + 1), at + 1)));
}

const perMinute = (values, seconds) => values.map((value, at) => (seconds[at] > 0 ? (value / seconds[at]) * 60 : null));

// Colours stay with names, whichever others are shown. The second half is dashed.
const CATEGORY = ["track", "features", "recommendation", "artist", "search", "page", "album", "mapping", "missing", "denied"];
const CAUSE = ["cache", "batching", "coalescing", "registry", "denial", "guard"];
const LANE = ["interactive", "refresh", "warm"];

export function readings(history) {
  return [hitRate(history), calls(history), latency(history), budget(history), queue(history)];
}

function hitRate({ series, step_seconds: step }) {
  const rates = ({ hit, stale, miss }) => {
    const held = rolling(hit.map((hits, at) => hits + stale[at]), step);
    const missed = rolling(miss, step);
    return held.map((held, at) => (held + missed[at] > 0 ? held / (held + missed[at]) : null));
  };
  const looked = Object.entries(series.lookups);
  const together = { hit: [], stale: [], miss: [] };
  for (const result of Object.keys(together)) {
    together[result] = series.calls.map((_, at) => sum(looked.map(([, columns]) => columns[result][at])));
  }
  const [held, all] = [sum(together.hit) + sum(together.stale), sum(together.hit) + sum(together.stale) + sum(together.miss)];
  const shown = looked
    .filter(([, columns]) => sum(columns.hit) + sum(columns.stale) + sum(columns.miss) > 0)
    .sort(([one], [other]) => CATEGORY.indexOf(one) - CATEGORY.indexOf(other))
    .map(([name, columns]) => {
      const [good, every] = [sum(columns.hit) + sum(columns.stale), sum(columns.hit) + sum(columns.stale) + sum(columns.miss)];
      return { name, values: rates(columns), colour: CATEGORY.indexOf(name), whole: share(good / every) };
    });
  return {
    id: "hit-rate",
    title: "Hit rate",
    unit: `% of look-ups, over ${span(Math.max(3 * step, 60))}`,
    figure: all > 0 ? share(held / all) : "–",
    note: all > 0 ? `of ${count(all, "look-up")}` : "nothing was looked up",
    form: "lines",
    highest: 1,
    tell: share,
    axis: (value) => `${Math.round(value * 100)}`,
    series: [{ name: "all", values: rates(together), colour: "all", whole: share(all > 0 ? held / all : null) }, ...shown],
  };
}

function calls({ series, seconds }) {
  const made = sum(series.calls);
  const avoided = sum(Object.values(series.avoided).map(sum));
  return {
    id: "calls",
    title: "Calls",
    unit: "per minute",
    figure: made + avoided > 0 ? share(avoided / (made + avoided)) : "–",
    note: made + avoided > 0 ? `avoided: ${whole(avoided)}, made: ${whole(made)}` : "no call was needed",
    form: "stack",
    tell: short,
    axis: short,
    series: [
      { name: "made", values: perMinute(series.calls, seconds), colour: "made", whole: whole(made) },
      ...CAUSE.map((cause, at) => ({
        name: cause,
        values: perMinute(series.avoided[cause], seconds),
        colour: at,
        whole: whole(sum(series.avoided[cause])),
      })),
    ],
  };
}

function latency({ series }) {
  const { p50, p95, p99 } = series.latency;
  const slowest = Math.max(...p95.filter((value) => value !== null), -1);
  return {
    id: "latency",
    title: "Upstream latency",
    unit: "seconds",
    figure: slowest < 0 ? "–" : took(slowest),
    note: slowest < 0 ? "no call was made" : "the worst p95 in the window",
    form: "lines",
    tell: took,
    axis: (value) => String(value),
    series: [
      { name: "p50", values: p50, colour: 0 },
      { name: "p95", values: p95, colour: 2 },
      { name: "p99", values: p99, colour: 5 },
    ],
  };
}

function budget({ series }) {
  const { started, limit } = series.budget;
  const now = started.at(-1) ?? 0;
  const most = limit.at(-1) ?? 0;
  return {
    id: "budget",
    title: "Budget",
    unit: "calls started in a minute",
    figure: `${whole(now)} / ${whole(most)}`,
    note: sum(series.throttled) > 0 ? `${count(sum(series.throttled), "429 answer")} in the window` : "no 429 in the window",
    gauge: most > 0 ? now / most : null,
    form: "lines",
    tell: short,
    axis: short,
    series: [
      { name: "started", values: started, colour: 0, filled: true },
      { name: "limit", values: limit, colour: "limit" },
    ],
  };
}

function queue({ series }) {
  const { queued } = series.budget;
  const highest = Math.max(0, ...series.calls.map((_, at) => sum(LANE.map((lane) => queued[lane][at]))));
  const refused = sum(series.refused);
  return {
    id: "queue",
    title: "Queue",
    unit: "calls waiting",
    figure: whole(sum(LANE.map((lane) => queued[lane].at(-1) ?? 0))),
    note: `${whole(highest)} at most; ${refused > 0 ? `${whole(refused)} refused` : "none refused"}`,
    form: "stack",
    lowest: 4,
    tell: short,
    axis: short,
    series: LANE.map((lane, at) => ({ name: lane, values: queued[lane], colour: [0, 1, 3][at] })),
  };
}
