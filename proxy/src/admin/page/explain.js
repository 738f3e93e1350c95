// What would happen to a request now, and why.

import { read } from "./ask.js";
import { at, cell, during, make, told } from "./element.js";
import { bytes, count, span, whole } from "./figures.js";

// Items shown with their tiers; the rest is summed up.
const DETAILED = 100;

const WORDS = {
  hit: "answered from here",
  stale: "answered from here, renewed in the background",
  partial: "part of it is known, the rest is fetched",
  miss: "fetched from the upstream",
  collapsed: "waits for a fetch under way",
  denied: "refused from here: the upstream refused it before",
  rule: "refused from here: the upstream would refuse it",
  malformed: "refused from here: it is no proper request of the API",
  pass: "streamed through, not kept",
  budget: "429: the wait in the queue would be too long",
  suspended: "503: calls are suspended after failures",
};

export function startExplain() {
  at("explain-form").addEventListener("submit", (event) => {
    event.preventDefault();
    during(at("explain-form"), at("explained"), () => explain(at("explain-url").value.trim()));
  });
}

async function explain(url) {
  const found = await read(`explain?url=${encodeURIComponent(url)}`);
  const into = at("explained");
  told(into, "");
  into.append(...[verdict(found), why(found), upstream(found.upstream), facts(found), items(found.items ?? [])].filter(Boolean));
}

function verdict({ answer, upstream: up }) {
  const calls = up?.calls ?? 0;
  const cost = calls > 0 ? `${count(calls, "upstream call")}` : "no upstream call";
  return make("p", { class: "answer" },
    make("b", { class: `state ${answer}` }, answer),
    ` ${WORDS[answer] ?? ""}; ${cost}`,
    calls > 0 && up.projected_wait_seconds >= 0.5 ? `, after about ${span(up.projected_wait_seconds)} in the queue` : "", ".");
}

function why({ why: sentences }) {
  if (!sentences?.length) return null;
  return make("ul", { class: "why" }, ...sentences.map((one) => make("li", {}, one)));
}

function upstream(up) {
  if (!up || !(up.requests?.length > 0)) return null;
  const flight = up.in_flight_already ? `; ${count(up.in_flight_already, "part")} of the answer brought by calls under way already` : "";
  const ids = up.ids > 0 ? `${count(up.ids, "id")} in the` : "In the";
  return make("div", {},
    make("h3", {}, "What goes upstream"),
    make("p", { class: "note" }, `${ids} ${up.lane} lane${flight}${up.breaker === "open" ? "; the breaker is open" : ""}`),
    make("ul", { class: "code requests" }, ...up.requests.map((one) => make("li", {}, one))));
}

function facts({ endpoint, kind, key, request, repairs, refused, denial }) {
  const row = (name, ...value) => make("div", {}, make("dt", {}, name), make("dd", {}, ...value));
  const code = (value) => make("code", {}, typeof value === "string" ? value : JSON.stringify(value));
  return make("dl", { class: "facts" },
    row("understood as", kind.replace("_", " "), endpoint ? [" of ", code(endpoint)] : ""),
    key ? row("kept under", code(key)) : null,
    request === key ? null : row("request", code(request)),
    ...(repairs ?? []).map(({ kind, what }) => row("repaired", `${kind}: `, String(what ?? ""))),
    refused ? row("refused", `by the rule ${refused.rule}, with `, code(refused.body)) : null,
    denial ? row("denied", `${denial.reason}; ${span(denial.age_seconds)} ago, for ${span(denial.expires_in_seconds)} more`,
      denial.answered_instead ? [", answered instead: ", code(denial.answered_instead)] : "",
      denial.exempt ? "; exempt, so it is asked all the same" : "") : null);
}

function items(all) {
  if (all.length === 0) return null;
  const verdicts = new Map();
  for (const { verdict } of all) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  const sums = [...verdicts].map(([verdict, number]) => make("span", { class: `state ${verdict}` }, `${whole(number)} ${verdict.replace("_", " ")}`));
  const rest = all.length > DETAILED ? make("p", { class: "note" }, `and ${whole(all.length - DETAILED)} more`) : null;
  return make("details", { open: all.length <= 5 },
    make("summary", {}, `${count(all.length, "item")}: `, ...sums.flatMap((one) => [one, " "])),
    make("table", { class: "stacking items" },
      make("thead", {}, make("tr", {}, ...["Item", "Category", "Verdict", "Held in"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...all.slice(0, DETAILED).map(item))), rest);
}

function item({ id, key, category, verdict, tiers }) {
  const held = tiers.filter(({ state }) => state !== "gone");
  const where = held.map(({ tier, age_seconds: age, fresh_seconds_left: left, bytes: size }) =>
    `${tier}: ${span(age)} old${left > 0 ? `, fresh for ${span(left)}` : ", stale"}${size ? `, ${bytes(size)}` : ""}`);
  return make("tr", {},
    cell("Item", {}, make("code", {}, id ?? key ?? "–")),
    cell("Category", {}, category ?? "–"),
    cell("Verdict", {}, make("span", { class: `state ${verdict}` }, verdict.replace("_", " "))),
    cell("Held in", {}, where.join("; ") || "–"));
}
