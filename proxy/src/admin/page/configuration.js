// What runs, what waits for a restart, and reading the file again.

import { ask, read, Refusal } from "./ask.js";
import { at, during, make, told } from "./element.js";
import { count } from "./figures.js";

let shown = "";

export function startConfiguration(again) {
  at("configuration-filter").addEventListener("input", filter);
  at("reload").addEventListener("click", () => during(at("reload"), at("reload-told"), async () => {
    await reload();
    shown = "";
    again();
  }));
}

// `restart_needed` may come beside the keys; it is told apart from them.
export function showConfiguration({ config }) {
  if (!config) return;
  const text = JSON.stringify(config);
  if (text === shown) return;
  shown = text;
  const { restart_needed: needed, ...keys } = config;
  const flat = [...walk(keys, "")];
  at("configuration-keys").replaceChildren(...flat.map(([key, value]) =>
    make("div", { "data-key": key }, make("dt", {}, key), make("dd", {}, JSON.stringify(value)))));
  at("restart-needed").replaceChildren(...(needed?.length > 0 ? [waiting(needed)] : []));
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

function waiting(needed) {
  return make("div", { class: "told", "data-level": "notice" },
    make("p", {}, "These keys of the file hold after a restart:"), changes(needed, "running", "file"));
}

async function reload() {
  let report;
  try {
    report = await (await ask("reload", { method: "POST" })).json();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    told(at("reload-told"), make("p", {}, "The file was refused; what ran before still runs."), "bad");
    at("reload-told").append(make("pre", {}, error.body?.error ?? error.message));
    return;
  }
  const { outcome, applied = [], restart = [] } = report;
  const head = applied.length > 0 ? `Reloaded: ${count(applied.length, "key")} changed and in force.`
    : outcome === "refused" ? "The file was refused; what ran before still runs." : "Reloaded: nothing that holds at once has changed.";
  told(at("reload-told"), make("p", {}, head), outcome === "refused" ? "bad" : "good");
  if (report.error) at("reload-told").append(make("pre", {}, report.error));
  if (applied.length > 0) at("reload-told").append(changes(applied, "from", "to"));
  if (restart.length > 0) at("reload-told").append(make("p", {}, `${count(restart.length, "key")} after a restart only:`), changes(restart, "running", "file"));
}

function changes(list, before, after) {
  return make("ul", { class: "changes" }, ...list.map((one) => make("li", {},
    make("code", {}, one.key ?? String(one)),
    one.key ? ` ${JSON.stringify(one[before])} → ${JSON.stringify(one[after])}` : "")));
}
