// Where facts are kept, how full it is there, and what spare budget is used for.

import { at, cell, make } from "./element.js";
import { bytes, count, share, size, whole } from "./figures.js";

export function showTiers({ stats, config }) {
  if (!stats) return;
  const { memory, disk, redis } = stats.cache;
  const bounds = config?.cache ?? {};
  const rows = [tier("memory", { up: true, ...memory, of: size(bounds.memory?.max_bytes), most: bounds.memory?.max_entries })];
  if (disk) rows.push(tier("disk", { ...disk, of: size(bounds.disk?.max_bytes), writing: writing(disk) }));
  if (redis) rows.push(tier(redis.cluster ? "Redis cluster" : "Redis", { ...redis, writing: writing(redis) }));
  if (!disk && !redis) rows.push(make("tr", {}, make("td", { colspan: 6, class: "soft" }, "No tier behind memory: a restart begins with an empty cache.")));
  at("tier-rows").replaceChildren(...rows);
  showSpare(stats, bounds);
}

function tier(name, { up, away_because: reason, entries, bytes: used, of, most, hits, writing }) {
  const state = up
    ? make("span", { class: "state good" }, "in use")
    : make("span", { class: "state bad" }, `away: ${reason ?? "not open yet"}`);
  const room = used === undefined ? "–" : [
    of ? make("span", { class: "gauge", "aria-hidden": "true" }, filled(used / of)) : null,
    of ? `${bytes(used)} of ${bytes(of)}` : bytes(used),
  ];
  return make("tr", {},
    make("th", { scope: "row" }, name),
    cell("State", {}, state),
    cell("Entries", { class: "number" }, entries === undefined ? "–" : `${whole(entries)}${most ? ` of ${whole(most)}` : ""}`),
    cell("Room", {}, make("span", { class: "room" }, ...[room].flat())),
    cell("Hits", { class: "number" }, whole(hits ?? 0)),
    cell("Writes", {}, writing ?? "–"));
}

function filled(part) {
  const bar = make("span");
  bar.style.width = `${Math.min(100, Math.max(part * 100, part > 0 ? 1 : 0))}%`;
  return bar;
}

function writing({ writes, writes_waiting: waiting, writes_dropped: dropped }) {
  const parts = [whole(writes ?? 0)];
  if (waiting) parts.push(`${whole(waiting)} waiting`);
  if (dropped) parts.push(`${whole(dropped)} given up`);
  return parts.join(", ");
}

function showSpare({ read_ahead: ahead, upstream }, bounds) {
  const of = ahead.read > 0 ? `, ${share(ahead.used / ahead.read)} of them asked for within ten minutes` : "";
  const state = bounds.read_ahead === false ? "off" : ahead.paused ? "paused, too few of its rows are asked for" : "on";
  const skipped = ahead.not_read > 0 ? `; ${whole(ahead.not_read)} not read while it paused` : "";
  at("read-ahead").replaceChildren(make("b", {}, "Read-ahead "), `${state}: ${count(ahead.read, "row")} read${of}${skipped}.`);
  const along = Object.entries(upstream.ids_along).map(([lane, ids]) => `${whole(ids)} ${lane}`).join(", ");
  at("along").replaceChildren(make("b", {}, "Rode along "), `in batches that left anyway: ${along} ids.`);
}
