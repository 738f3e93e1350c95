// Purges after saying what is lost, and tells the outcome.

import { ask, read } from "./ask.js";
import { confirmed } from "./confirm.js";
import { at, during, make, told } from "./element.js";
import { bytes, clock, count, span, whole } from "./figures.js";

export function startPurge() {
  at("purge-what").addEventListener("change", choose);
  choose();
  at("purge-form").addEventListener("submit", (event) => {
    event.preventDefault();
    during(at("purge-form"), at("purge-told"), purge);
  });
}

function choose() {
  const what = at("purge-what").value;
  for (const field of at("purge-form").querySelectorAll("[data-what]")) {
    field.hidden = field.dataset.what !== what;
    const input = field.querySelector("input");
    if (input) input.required = !field.hidden;
  }
}

async function purge() {
  const what = at("purge-what").value;
  const hard = at("purge-form").elements.mode.value === "hard";
  const value = what === "all" ? "true" : at(`purge-${what}`).value.trim();
  const named = what === "all" ? "everything" : value;
  told(at("purge-told"), "");
  const losses = [...(await loss(what, value)), consequence(hard, what, value)];
  if (!(await confirmed(`Purge ${named}, ${hard ? "hard" : "soft"}?`, losses, hard ? "Purge it hard" : "Purge it"))) {
    told(at("purge-told"), "Nothing was purged.");
    return;
  }
  const mode = hard ? "&hard=true" : "";
  const answer = await ask(`cache?${what}=${encodeURIComponent(value)}${mode}`, { method: "DELETE" });
  const { purged, mode: done, at: when } = await answer.json();
  told(at("purge-told"), `Purged at ${clock(Date.parse(when) / 1000)}, ${done}: ${purged.join(", ")}.`, "good");
}

// What is there to lose, as far as one can look at it.
async function loss(what, value) {
  if (what === "category") {
    const { lookups, ttl_seconds: ttl, stale_seconds: stale } = await read(`cache?category=${encodeURIComponent(value)}`);
    return [`All entries of ${value}, kept for ${span(ttl)} and stale for ${span(stale)} after that. They answered ${count(lookups.hit + lookups.stale, "look-up")} since the start.`];
  }
  if (what === "id" || what === "key") {
    const { entries } = await read(`cache?${what}=${encodeURIComponent(value)}`);
    const there = entries.filter(({ state }) => state !== "gone");
    if (there.length === 0) return ["Nothing is held for it at present; what arrives later is not affected."];
    return [`${count(there.length, "entry", "entries")}:`, make("ul", {}, ...there.map(entry))];
  }
  const { cache } = await read("stats");
  const held = `${whole(cache.memory.entries)} entries in memory${cache.disk ? `, ${whole(cache.disk.entries)} on disk` : ""}`;
  if (what === "all") return [`Everything that is known: ${held}${cache.redis ? ", and what replicas share" : ""}.`];
  return [`All answers and rows of ${value}; endpoints with the same rows count as one. Held in all: ${held}.`];
}

function entry({ key, tier, state, age_seconds: age, bytes: size }) {
  return make("li", {}, make("code", {}, key ?? ""), ` ${[tier, state, `${span(age)} old`, bytes(size)].filter(Boolean).join(", ")}`);
}

function consequence(hard, what, value) {
  if (hard) return "They are gone at once: each is asked upstream again when somebody needs it, within the budget.";
  if (what === "category" && ["missing", "denied"].includes(value)) return "These may not be answered stale: they are gone at once.";
  return "They are stale from now on: still answered while they may be, and renewed one by one as they are asked for.";
}
