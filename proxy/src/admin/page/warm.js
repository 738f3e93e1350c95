// Fetches before somebody asks: a plan first, then the job with its progress. A job belongs to the
// proxy, not to this page: a page that comes back finds it again.

import { ask, send, Refusal } from "./ask.js";
import { at, button, during, make, told } from "./element.js";
import { events } from "./events.js";
import { count, span, whole } from "./figures.js";

const ERRORS = 10;
const RESUME = [1, 2, 4, 8, 15];

// Jobs shown, by id.
const jobs = new Map();
// What was planned, and is started as it is.
let planned = null;

export function startWarm(listing) {
  const changed = () => {
    planned = null;
    at("warm-start").disabled = true;
  };
  at("warm-form").addEventListener("input", changed);
  at("warm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    during(at("warm-form"), at("warm-told"), plan);
  });
  at("warm-start").addEventListener("click", () => during(at("warm-form"), at("warm-told"), start));
  const all = Array.isArray(listing) ? listing : [...(listing.running ?? []), ...(listing.ended ?? listing.last ?? []), ...(listing.jobs ?? [])];
  for (const job of all.reverse()) watch(job.id, job);
}

// ---- what to fetch

async function wanted() {
  const file = at("warm-file").files[0];
  const text = `${at("warm-items").value}\n${file ? await file.text() : ""}`;
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter(Boolean);
  const isUrl = (line) => line.startsWith("/") || line.includes("://");
  const rows = [...at("warm-form").querySelectorAll("[name=rows]:checked")].map(({ value }) => value);
  return { ids: lines.filter((line) => !isUrl(line)), urls: lines.filter(isUrl), rows };
}

async function plan() {
  told(at("warm-told"), "");
  const asked = await wanted();
  if (asked.ids.length + asked.urls.length === 0) throw new Error("Give ids or URLs, or choose a file.");
  if (asked.ids.length > 0 && asked.rows.length === 0) throw new Error("Choose tracks, features or both for the ids.");
  const answer = await tried(() => send("warm", { ...asked, dry_run: true }));
  if (!answer) return;
  const found = await answer.json();
  const { total, held, missing_marks: marks, wanted: missing, calls, seconds } = found.plan ?? found;
  const known = marks > 0 ? `${whole(held)} held, ${whole(marks)} known to be missing` : `${whole(held)} held`;
  told(at("warm-told"), calls > 0
    ? `${count(total, "fact")}: ${known}, ${whole(missing)} to fetch in ${count(calls, "call")}, about ${span(seconds)} if nobody else needs the budget.`
    : `${count(total, "fact")}: ${known}. There is nothing to fetch.`, calls > 0 ? "" : "good");
  planned = calls > 0 ? asked : null;
  at("warm-start").disabled = planned === null;
}

async function start() {
  const answer = await tried(() => send("warm", { ...planned, dry_run: false }));
  if (!answer) return;
  const { id, plan: found } = await answer.json();
  planned = null;
  at("warm-start").disabled = true;
  told(at("warm-told"), "Started.", "good");
  watch(id, { id, state: "running", ...found });
}

// A refusal names every line that is wrong; the first ones are shown.
async function tried(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const rest = error.errors.length - ERRORS;
    const list = make("ul", {}, ...error.errors.slice(0, ERRORS).map((one) => make("li", {}, one)), rest > 0 ? make("li", {}, `and ${whole(rest)} more`) : null);
    told(at("warm-told"), list, "bad");
    return null;
  }
}

// ---- a job

function watch(id, known) {
  if (jobs.has(id)) return;
  const job = new Job(id);
  jobs.set(id, job);
  at("warm-jobs").prepend(job.element);
  job.take(known);
  if (!job.ended) job.follow();
}

class Job {
  constructor(id) {
    this.id = id;
    this.seen = null;
    this.state = {};
    this.bar = make("progress", { max: 1, value: 0, "aria-label": `Progress of warm job ${id}` });
    this.words = make("p", { class: "figures-line" });
    this.failures = make("ul", { class: "note bad" });
    this.stop = button("Cancel", () => during(this.stop, this.words, () => ask(`warm/${encodeURIComponent(id)}`, { method: "DELETE" })), { class: "quiet", "aria-label": `Cancel warm job ${id}` });
    this.element = make("li", { class: "job", "data-job": id }, make("div", { class: "line" }, make("code", {}, id), this.bar, this.stop), this.words, this.failures);
  }

  get ended() {
    return Boolean(this.state.outcome) || ["complete", "cancelled", "incomplete", "done", "ended"].includes(this.state.state);
  }

  take(news) {
    const { plan: found, progress, totals, ...rest } = news ?? {};
    Object.assign(this.state, found, progress, totals, rest);
    const { done = 0, total = 0 } = this.state;
    this.bar.max = Math.max(1, total);
    this.bar.value = this.state.outcome === "complete" ? this.bar.max : done;
    this.stop.hidden = this.ended;
    this.element.dataset.outcome = this.state.outcome ?? "running";
    this.words.replaceChildren(this.sentence());
  }

  sentence() {
    const { done = 0, total = 0, held = 0, fetched = 0, missing = 0, failed = 0, calls = 0, seconds_left: left, waiting, outcome } = this.state;
    const part = total > 0 ? Math.floor((done / total) * 100) : 0;
    const parts = [`${whole(done)} of ${whole(total)}`, `${whole(held)} held`, `${whole(fetched)} fetched`];
    if (missing > 0) parts.push(`${whole(missing)} missing`);
    if (failed > 0) parts.push(`${whole(failed)} failed`);
    parts.push(count(calls, "call"));
    if (outcome) return `${outcome === "complete" ? "100 %, complete" : `${part} %, ${outcome}`}: ${parts.join(", ")}.`;
    const rest = left !== undefined && left !== null ? `; ${span(left)} left` : "";
    return `${part} %: ${parts.join(", ")}${rest}${waiting ? `; waiting: ${waiting}` : ""}.`;
  }

  // Follows until the end; where the stream is cut, goes on after the last event seen.
  async follow() {
    for (let tries = 0; !this.ended && tries < RESUME.length;) {
      const headers = { Accept: "text/event-stream", ...(this.seen === null ? {} : { "Last-Event-ID": this.seen }) };
      try {
        const answer = await ask(`warm/${encodeURIComponent(this.id)}`, { headers, patient: true });
        for await (const { id, name, data } of events(answer.body)) {
          tries = 0;
          if (id !== null) this.seen = id;
          this.event(name, JSON.parse(data));
        }
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) {
          this.take({ outcome: "lost: the proxy was started anew; plan it again to go on" });
          return;
        }
      }
      if (this.ended) return;
      await new Promise((later) => setTimeout(later, RESUME[tries] * 1000));
      tries += 1;
    }
    if (!this.ended) this.words.append(" The proxy does not answer; the job may go on there.");
  }

  event(name, data) {
    if (name === "failed") {
      if (this.failures.childElementCount < ERRORS) this.failures.append(make("li", {}, make("code", {}, data.item), ` ${data.reason}`));
      return;
    }
    this.take(name === "done" ? { outcome: "complete", ...data } : data);
  }
}
