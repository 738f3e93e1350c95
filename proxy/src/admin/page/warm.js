// Fetches before somebody asks: a plan first, then the job with its progress. A job belongs to the
// proxy, not to this page: a page that comes back finds it again.

import { ask, send, unlocked, Locked, Refusal } from "./ask.js";
import { at, button, during, make, told } from "./element.js";
import { events } from "./events.js";
import { count, span, whole } from "./figures.js";

const ERRORS = 10;
const RESUME = [1, 2, 4, 8, 15];

// Jobs shown, by id.
const jobs = new Map();
// What was planned, and is started as it is.
let planned = null;
// Changes of what is to be fetched: a plan holds for the text it was made of.
let edits = 0;

export function startWarm() {
  const changed = () => {
    edits += 1;
    planned = null;
    at("warm-start").disabled = true;
  };
  at("warm-form").addEventListener("input", changed);
  at("warm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    during(at("warm-form"), at("warm-told"), plan);
  });
  at("warm-start").addEventListener("click", () => during(at("warm-form"), at("warm-told"), start));
}

// The jobs the proxy has, those that were started elsewhere too.
export function showWarm({ jobs: found }) {
  for (const job of found.toReversed()) watch(job);
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
  const edit = edits;
  const asked = await wanted();
  if (asked.ids.length + asked.urls.length === 0) throw new Error("Give ids or URLs, or choose a file.");
  if (asked.ids.length > 0 && asked.rows.length === 0) throw new Error("Choose tracks, features or both for the ids.");
  const answer = await tried(() => send("warm", { ...asked, dry_run: true }));
  if (!answer) return;
  const { plan: found } = await answer.json();
  if (edit !== edits) {
    told(at("warm-told"), "It was changed while it was planned: plan it again.");
    return;
  }
  const { total, held, missing_marks: marks, wanted: missing, calls, seconds } = found;
  const time = seconds === null ? "for which the budget has no room" : `about ${span(seconds)} if nobody else needs the budget`;
  const known = marks > 0 ? `${whole(held)} held, ${whole(marks)} known to be missing` : `${whole(held)} held`;
  told(at("warm-told"), calls > 0
    ? `${count(total, "fact")}: ${known}, ${whole(missing)} to fetch in ${count(calls, "call")}, ${time}.`
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
  watch({ id, state: "running", progress: { total: found.total }, failures: [] });
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

function watch(status) {
  if (jobs.has(status.id)) return;
  const job = new Job(status);
  jobs.set(status.id, job);
  at("warm-jobs").prepend(job.element);
  if (!job.outcome) job.follow();
}

class Job {
  constructor({ id, state, progress, failures }) {
    this.id = id;
    this.seen = null;
    this.progress = { done: 0, held: 0, fetched: 0, missing: 0, failed: 0, calls: 0, ...progress };
    this.outcome = state === "running" ? null : state;
    this.bar = make("progress", { "aria-label": `Progress of warm job ${id}` });
    this.words = make("p", { class: "figures-line" });
    this.failures = make("ul", { class: "note bad" });
    this.stop = button("Cancel", () => during(this.stop, this.words, () => this.cancel()), { class: "quiet", "aria-label": `Cancel warm job ${id}` });
    this.element = make("li", { class: "job", "data-job": id }, make("div", { class: "line" }, make("code", {}, id), this.bar, this.stop), this.words, this.failures);
    // The events of a running job tell its failures again.
    if (this.outcome) failures.forEach((one) => this.fail(one));
    this.show();
  }

  cancel() {
    return ask(`warm/${encodeURIComponent(this.id)}`, { method: "DELETE" });
  }

  fail({ item, reason }) {
    if (this.failures.childElementCount < ERRORS) this.failures.append(make("li", {}, make("code", {}, item), ` ${reason}`));
  }

  show() {
    const { done, total } = this.progress;
    this.bar.max = Math.max(1, total);
    this.bar.value = this.outcome === "complete" ? this.bar.max : done;
    this.stop.hidden = this.outcome !== null;
    this.words.replaceChildren(this.sentence());
  }

  sentence() {
    const { done, total, held, fetched, missing, failed, calls, seconds_left: left, waiting } = this.progress;
    const part = total > 0 ? Math.floor((done / total) * 100) : 0;
    const parts = [`${whole(done)} of ${whole(total)}`, `${whole(held)} held`, `${whole(fetched)} fetched`];
    if (missing > 0) parts.push(`${whole(missing)} missing`);
    if (failed > 0) parts.push(`${whole(failed)} failed`);
    parts.push(count(calls, "call"));
    if (this.outcome) return `${this.outcome === "complete" ? 100 : part} %, ${this.outcome}: ${parts.join(", ")}.`;
    const rest = left === undefined || left === null ? "" : `; ${span(left)} left`;
    return `${part} %: ${parts.join(", ")}${rest}${waiting ? `; waiting: ${waiting}` : ""}.`;
  }

  // Follows until the end; where the stream is cut, goes on after the last event seen. A token that
  // is wanted is waited for, however long.
  async follow() {
    for (let tries = 0; tries < RESUME.length; tries += 1) {
      const headers = { Accept: "text/event-stream", ...(this.seen === null ? {} : { "Last-Event-ID": this.seen }) };
      try {
        const answer = await ask(`warm/${encodeURIComponent(this.id)}`, { headers, patient: true });
        for await (const { id, name, data } of events(answer.body)) {
          tries = 0;
          this.seen = id ?? this.seen;
          this.event(name, JSON.parse(data));
        }
      } catch (error) {
        if (error instanceof Locked) {
          this.words.replaceChildren(this.sentence(), " The admin token is needed to follow it.");
          await unlocked();
          tries = -1;
          continue;
        }
        if (error instanceof Refusal && error.status === 404) {
          this.outcome = "lost when the proxy was started anew; plan it again to go on";
          this.show();
        }
      }
      if (this.outcome) return;
      await new Promise((later) => setTimeout(later, RESUME[tries] * 1000));
    }
    this.words.append(" The proxy does not answer; the job may go on there.");
  }

  event(name, data) {
    if (name === "failed") {
      this.fail(data);
      return;
    }
    if (name === "done") this.outcome = data.outcome;
    if (name !== "plan") Object.assign(this.progress, data);
    this.show();
  }
}
