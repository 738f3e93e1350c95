// What the upstream refused for good, and what is asked all the same.

import { ask, read } from "./ask.js";
import { confirmed } from "./confirm.js";
import { at, button, cell, during, make, told } from "./element.js";
import { count, span, whole } from "./figures.js";

// Denials shown at first, and the most that the proxy tells at once.
const FIRST = 50;
const MOST = 10_000;

let most = FIRST;

export function startDenials() {
  at("denials-all").addEventListener("click", () => during(at("denials-all"), at("denials-told"), async () => {
    most = MOST;
    await showDenials();
    // The button that was pressed is gone.
    at("denials-refresh").focus();
  }));
  at("denials-refresh").addEventListener("click", () => during(at("denials-refresh"), at("denials-told"), showDenials));
  at("exempt-form").addEventListener("submit", (event) => {
    event.preventDefault();
    during(at("exempt-form"), at("denials-told"), exempt);
  });
}

export async function showDenials() {
  const [listing, { exempt }] = await Promise.all([
    read(`deny?limit=${most}`, { patient: true }),
    read("deny/exempt", { patient: true }),
  ]);
  const { total, denied } = listing;
  const shown = denied.length < total ? `; the newest ${whole(denied.length)} are shown` : "";
  at("denials-count").textContent = total === 0 ? "Nothing is denied." : `${count(total, "request")} denied${shown}.`;
  at("denials-all").hidden = most === MOST || denied.length >= total;
  at("denials-table").hidden = denied.length === 0;
  at("denial-rows").replaceChildren(...denied.map(row));
  at("exempt-rows").replaceChildren(...exempt.map(exemption));
}

function row({ request, reason, code, age_seconds: age, seconds_left: left, answered, instead }) {
  return make("tr", {},
    cell("Request", {}, make("code", {}, request)),
    cell("Reason", {},
      make("span", {}, reason || `status ${code}`),
      instead ? make("p", { class: "note" }, "answered instead: ", make("code", {}, instead)) : null),
    cell("Age", { class: "number", title: left === null ? null : `forgotten by itself in ${span(left)}` }, span(age)),
    cell("Answered", { class: "number" }, `${whole(answered)} ×`),
    make("td", { class: "actions" }, button("Forget", (event) => forget(event.currentTarget, request), { class: "quiet", "aria-label": `Forget ${request}` })));
}

function forget(control, request) {
  return during(control, at("denials-told"), async () => {
    const sure = await confirmed("Forget this denial?", [
      make("p", {}, make("code", {}, request)),
      "The next client that asks it makes the upstream refuse it once more: one call.",
    ], "Forget it");
    if (!sure) return;
    const { forgotten } = await (await ask(`deny?request=${encodeURIComponent(request)}`, { method: "DELETE" })).json();
    await showDenials();
    told(at("denials-told"), forgotten > 0 ? "Forgotten; it will be asked again." : "It had been forgotten already.", "good");
    at("denials-refresh").focus();
  });
}

async function exempt() {
  const request = at("exempt-request").value.trim();
  const options = { method: "PUT", body: JSON.stringify({ request }) };
  const { added } = await (await ask("deny/exempt", options)).json();
  at("exempt-request").value = "";
  await showDenials();
  told(at("denials-told"), added.length > 0 ? "Exempt: it is always asked from now on." : "It was exempt already.", "good");
}

function exemption(request) {
  return make("li", {},
    make("code", {}, request),
    button("Deny again", (event) => remove(event.currentTarget, request), { class: "quiet", "aria-label": `No longer exempt ${request}` }));
}

function remove(control, request) {
  return during(control, at("denials-told"), async () => {
    await ask(`deny/exempt?request=${encodeURIComponent(request)}`, { method: "DELETE" });
    await showDenials();
    told(at("denials-told"), "No longer exempt.", "good");
    at("exempt-request").focus();
  });
}
