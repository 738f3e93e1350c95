// Starts a run, follows its events, shows the list. Whatever came from a request or from RecoBeat
// is written as text, never as markup.
"use strict";

const MOODS = [
  "happy and energetic", "calm and relaxing", "focus and concentration", "workout motivation",
  "sad and melancholy", "romantic and intimate", "party vibes", "chill evening", "morning energy",
  "late night vibes",
];
const ORDER = {
  pending: 0, analyzing_mood: 1, gathering_seeds: 2, generating_recommendations: 3, evaluating_quality: 4,
  optimizing_recommendations: 5, awaiting_user_input: 5, processing_edits: 5, creating_playlist: 5,
  completed: 6, failed: 6, cancelled: 6,
};
// Lowest and highest value of the bars; the others are 0 to 1.
const SPANS = { key: [0, 11], loudness: [-60, 0], tempo: [40, 200], popularity: [0, 100] };
const RUNS = "api/agents/recommendations";

const at = (id) => document.getElementById(id);
let run = null;

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function words(name) {
  return String(name).replaceAll("_", " ");
}

function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toFixed(3);
  if (Array.isArray(value)) return value.map(shown).join(", ") || "–";
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${words(name)} ${shown(one)}`).join("; ") || "–";
  return String(value);
}

function identity() {
  const headers = {};
  if (at("token").value) headers.Authorization = `Bearer ${at("token").value}`;
  if (at("user").value) headers["X-User-Id"] = at("user").value;
  return headers;
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { ...identity(), ...options.headers } });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  const wait = answer.headers.get("Retry-After");
  throw new Error(`${told.detail ?? answer.statusText}${wait ? ` – again in ${wait} s` : ""}`);
}

// ---- one run

async function start(prompt) {
  run?.abort.abort();
  const mine = { abort: new AbortController(), session: null };
  run = mine;
  reset();
  try {
    const answer = await ask(`${RUNS}/start`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ mood_prompt: prompt }),
      signal: mine.abort.signal,
    });
    mine.session = (await answer.json()).session_id;
    at("cancel").hidden = false;
    await follow(mine);
    const results = await ask(`${RUNS}/${mine.session}/results`, { signal: mine.abort.signal });
    showResults(await results.json());
  } catch (error) {
    if (run === mine && error.name !== "AbortError") trouble(error.message);
  } finally {
    if (run === mine) {
      at("cancel").hidden = true;
      at("start").disabled = false;
    }
  }
}

// Reads the stream with fetch, which can send a token; comes back where it was cut.
async function follow(mine) {
  for (let seen = null, tries = 0; tries < 5; tries += 1) {
    const headers = seen === null ? {} : { "Last-Event-ID": seen };
    const answer = await ask(`${RUNS}/${mine.session}/stream`, { headers, signal: mine.abort.signal });
    try {
      for await (const event of events(answer.body)) {
        if (event.id) seen = event.id;
        if (event.data) progress(event.name, JSON.parse(event.data));
        if (event.name === "complete" || event.name === "error") return;
        tries = 0;
      }
    } catch (error) {
      if (error.name === "AbortError") throw error;
    }
    await new Promise((later) => setTimeout(later, 1000));
  }
  throw new Error("the connection was lost; the run goes on");
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = {};
      for (const line of text.slice(0, end).split("\n")) {
        const colon = line.indexOf(":");
        const [field, rest] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
        if (field === "id") event.id = rest;
        if (field === "event") event.name = rest;
        if (field === "data") event.data = (event.data ?? "") + rest;
      }
      text = text.slice(end + 2);
      if (event.data) yield event;
    }
  }
}

async function cancel() {
  if (!run?.session) return;
  try {
    await ask(`${RUNS}/${run.session}`, { method: "DELETE" });
  } catch (error) {
    trouble(error.message);
  }
}

// ---- what is shown

function reset() {
  at("trouble").hidden = true;
  at("result").hidden = true;
  at("progress").hidden = false;
  at("start").disabled = true;
  at("steps").replaceChildren();
  at("bar").value = 0;
  at("now").textContent = "starting";
}

function progress(name, data) {
  const step = data.current_step ?? data.status ?? name;
  at("now").textContent = words(data.status ?? name);
  at("bar").value = ORDER[data.status] ?? at("bar").value;
  at("steps").append(make("li", words(step)));
  at("steps").scrollTop = at("steps").scrollHeight;
}

function trouble(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = false;
}

function showResults(results) {
  const { recommendations: tracks, metadata, mood_analysis: mood } = results;
  if (results.status !== "completed") {
    trouble(`the run is ${words(results.status)}: ${metadata.error ?? "no reason was given"}`);
  }
  at("bar").value = ORDER[results.status] ?? 6;
  const minutes = tracks.reduce((sum, track) => sum + track.duration_ms, 0) / 60000;
  at("summary").textContent = `“${results.mood_prompt}”: ${tracks.length} tracks, ${minutes.toFixed(0)} minutes`;
  at("tracks").replaceChildren(...tracks.map(row));
  list(at("mood"), mood);
  const timings = { total_seconds: metadata.total_duration };
  for (const part of ["step_timings", "orchestration_timings", "seed_gathering_timing"]) {
    Object.assign(timings, metadata[part]);
  }
  list(at("timings"), timings);
  const timed = ["total_duration", "step_timings", "orchestration_timings", "seed_gathering_timing", "error"];
  list(at("calls"), Object.fromEntries(Object.entries(metadata).filter(([name]) => !timed.includes(name))));
  at("result").hidden = false;
  at("result-title").focus();
}

function list(into, values) {
  const rows = Object.entries(values ?? {}).flatMap(([name, value]) => [make("dt", words(name)), make("dd", shown(value))]);
  into.replaceChildren(...rows);
}

function row(track) {
  const cells = make("tr");
  const title = make("td");
  title.append(make("span", track.track_name));
  if (track.user_mentioned) title.append(make("span", " mentioned", { class: "mark" }));
  title.append(make("br"), make("span", track.reasoning, { class: "mark" }));
  const features = make("td");
  features.append(bars(track));
  cells.append(
    make("td", String(track.position + 1), { class: "number" }),
    title,
    make("td", track.artists.join(", ")),
    make("td", words(track.source), { "data-label": "Source" }),
    make("td", track.phase, { "data-label": "Phase" }),
    make("td", track.confidence_score.toFixed(2), { class: "number", "data-label": "Confidence" }),
    make("td", track.cohesion_score.toFixed(2), { class: "number", "data-label": "Cohesion" }),
    features,
  );
  return cells;
}

function bars(track) {
  const entries = Object.entries(track.audio_features);
  const guess = track.features_source === "default";
  const text = entries.map(([name, value]) => `${name} ${shown(value)}`).join(", ");
  const note = { api: "", partial: " (some are defaults)", default: " (defaults)" }[track.features_source] ?? "";
  const box = make("div", undefined, { class: "bars", role: "img", "aria-label": text + note, title: text + note });
  for (const [name, value] of entries) {
    const [low, high] = SPANS[name] ?? [0, 1];
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    box.append(bar(share, guess));
  }
  return box;
}

function bar(share, guess) {
  const draw = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const height = Math.max(2, share * 30);
  const svg = draw("svg", { viewBox: "0 0 6 32", preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(
    draw("rect", { class: "ground", x: 0, y: 31, width: 6, height: 1 }),
    draw("rect", { class: guess ? "guess" : "known", x: 1, y: 31 - height, width: 4, height }),
  );
  return svg;
}

// ---- the form

async function showMoods() {
  let moods = MOODS;
  try {
    moods = (await (await ask("api/agents/system/popular-moods")).json()).moods;
  } catch {
    // Without a name nobody is told; the ten are always there.
  }
  at("moods").replaceChildren(...moods.map((mood) => {
    const button = make("button", mood, { type: "button" });
    button.addEventListener("click", () => {
      at("prompt").value = mood;
      start(mood);
    });
    return button;
  }));
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const prompt = at("prompt").value.trim();
  if (prompt) start(prompt);
});
at("cancel").addEventListener("click", cancel);
for (const name of ["token", "user"]) {
  at(name).value = sessionStorage.getItem(name) ?? "";
  at(name).addEventListener("change", () => {
    sessionStorage.setItem(name, at(name).value);
    showMoods();
  });
}
showMoods();
