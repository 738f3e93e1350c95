// Either id of a track, artist or album: the other one, what is held, what is known to be missing.

import { ask, read } from "./ask.js";
import { confirmed } from "./confirm.js";
import { at, button, during, make, told } from "./element.js";
import { count, span } from "./figures.js";

export function startIds() {
  at("ids-form").addEventListener("submit", (event) => {
    event.preventDefault();
    look(at("ids-id").value.trim());
  });
}

function look(id, note = "") {
  const into = at("ids-found");
  return during(at("ids-form"), into, async () => {
    const { known } = await read(`registry/${encodeURIComponent(id)}`);
    told(into, "");
    if (note) into.append(make("p", { class: "told", "data-level": "good" }, note));
    if (known.length === 0) {
      into.append(make("p", { class: "soft" }, "Nothing is known about this id: neither a row, nor another id, nor that it is missing."));
      return;
    }
    into.append(...known.map((one) => thing(one)));
    const forgetful = known.some(({ mapping, missing }) => mapping || missing.length > 0);
    if (forgetful) into.append(make("div", { class: "line end" }, button("Forget …", () => forget(id), { class: "second" })));
  });
}

function thing({ entity, uuid, spotify_id: spotify, mapping, rows, missing }) {
  const held = Object.entries(rows).map(([kind, { state, age_seconds: age, ttl_seconds: left }]) =>
    fact(`${kind} row`, make("span", { class: `state ${state}` }, state), ` ${span(age)} old, ${remaining(left)}`));
  const marks = missing.map(({ kind, id, age_seconds: age, ttl_seconds: left }) =>
    fact(`no ${kind}`, make("span", { class: "state missing" }, "missing"), " asked as ", make("code", {}, id), ` ${span(age)} ago, ${remaining(left)}`));
  return make("div", { class: "thing" },
    make("h3", {}, entity),
    make("dl", { class: "facts" },
      fact("RecoBeat id", other(uuid)),
      fact("Spotify id", other(spotify)),
      mapping ? fact("mapping", make("span", { class: `state ${mapping.state}` }, mapping.state), ` ${span(mapping.age_seconds)} old, ${remaining(mapping.ttl_seconds)}`) : null,
      ...held, ...marks,
      held.length + marks.length === 0 ? fact("rows", make("span", { class: "soft" }, "none held")) : null));
}

// An id that leads to its own page of facts.
function other(id) {
  if (!id) return make("span", { class: "soft" }, "not known");
  return button(id, () => {
    at("ids-id").value = id;
    look(id);
  }, { class: "link code", "aria-label": `Look up ${id}` });
}

const remaining = (left) => (left > 0 ? `fresh for ${span(left)}` : `stale since ${span(-left)}`);

function fact(name, ...value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, ...value));
}

async function forget(id) {
  const sure = await confirmed("Forget what this id names?", [
    `Mappings and missing marks of ${id} go, in both directions; rows stay. The upstream is asked again when somebody needs them.`,
  ], "Forget it");
  if (!sure) return;
  await during(at("ids-found"), at("ids-found"), async () => {
    const { forgotten } = await (await ask(`registry/${encodeURIComponent(id)}`, { method: "DELETE" })).json();
    await look(id, `Forgotten: ${count(forgotten.mappings, "mapping")}, ${count(forgotten.missing_marks, "missing mark")}.`);
  });
}
