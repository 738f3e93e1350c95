// What runs, what waits for a restart, and reading the file again.

import { ask, Refusal } from "./ask.js";
import { at, during, make, told } from "./element.js";
import { count } from "./figures.js";

const REFUSED = "The file was refused; what ran before still runs.";

let shown = "";

export function startConfiguration(again) {
  at("configuration-filter").addEventListener("input", filter);
  at("reload").addEventListener("click", () => during(at("reload"), at("reload-told"), async () => {
    await reload();
    again();
  }));
}

export function showConfiguration({ config, standing }) {
  if (!config) return;
  const text = JSON.stringify([config, standing]);
  if (text === shown) return;
  shown = text;
  // What waits for a restart stands beside the keys; the standing says more about it.
  const { restart_needed: _, ...keys } = config;
  at("configuration-keys").replaceChildren(...[...walk(keys, "")].map(([key, value]) =>
    make("div", { "data-key": key }, make("dt", {}, key), make("dd", {}, JSON.stringify(value)))));
  at("standing").replaceChildren(...[refused(standing), waiting(standing)].filter(Boolean));
  filter();
}

function* walk(value, path) {
  const isSection = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isSection) {
    yield [path, value];
    return;
  }
  for (const [name, inner] of Object.entries(value)) yield* walk(inner, path ? `${path}.${name}` : name);
}

function filter() {
  const wanted = at("configuration-filter").value.trim().toLowerCase();
  const rows = [...at("configuration-keys").children];
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  const left = rows.filter((row) => !row.hidden).length;
  at("configuration-count").textContent = wanted ? `${left} of ${count(rows.length, "key")}` : `All ${count(rows.length, "key")}`;
  if (wanted) at("configuration-all").open = true;
}

function refused({ good, error }) {
  if (good) return null;
  return make("div", { class: "told", "data-level": "bad" }, make("p", {}, REFUSED), make("pre", {}, error ?? ""));
}

function waiting({ restart }) {
  if (restart.length === 0) return null;
  return make("div", { class: "told", "data-level": "notice" },
    make("p", {}, `${count(restart.length, "key")} of the file will hold after a restart only:`), changes(restart, "running", "file"));
}

// What the proxy says of the file as it was read; a refused one is told by the standing.
async function reload() {
  try {
    const { applied } = await (await ask("reload", { method: "POST" })).json();
    told(at("reload-told"), make("p", {}, applied.length > 0
      ? `Reloaded: ${count(applied.length, "key")} changed and in force.`
      : "Reloaded: nothing that holds at once has changed."), "good");
    at("reload-told").append(changes(applied, "from", "to"));
  } catch (error) {
    if (!(error instanceof Refusal) || !error.body?.outcome) throw error;
    told(at("reload-told"), "");
  }
}

function changes(list, before, after) {
  return make("ul", { class: "changes" }, ...list.map((one) => make("li", {},
    make("code", {}, one.key), ` ${JSON.stringify(one[before])} → ${JSON.stringify(one[after])}`,
    one.why ? make("span", { class: "soft" }, ` (${one.why})`) : null)));
}
