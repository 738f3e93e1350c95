// Looks again and again: state every two seconds, plots as often as they have a new step. When the
// proxy is gone it says since when, keeps what it knew, and tries ever more slowly.

import { Away, Locked, ask, read } from "./ask.js";

const EVERY = 2;
const LONGEST = 15;
// Seconds between looks at the configuration.
const CONFIGURATION = 10;
// Seconds between looks at the history, by window.
const HISTORY = { "15m": 5, "1h": 10, "24h": 60 };

export class Pulse {
  // `show(pulse)` is called after each look and each second while there is no answer.
  constructor(show) {
    this.show = show;
    this.window = "15m";
    this.health = null;
    this.stats = null;
    this.history = null;
    this.config = null;
    // Whether the file as last read is in force, and what waits for a restart.
    this.standing = null;
    this.locked = false;
    this.trouble = null;
    this.heard = null;
    this.failures = 0;
    this.nextAt = 0;
    this.drawn = 0;
    this.configured = 0;
    this.timer = null;
  }

  start() {
    document.addEventListener("visibilitychange", () => this.again());
    document.addEventListener("unlocked", () => this.again());
    setInterval(() => this.failures > 0 && this.show(this), 1000);
    this.again();
  }

  // Now, whatever was planned.
  again() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    this.drawn = 0;
    this.configured = 0;
    this.look();
  }

  use(window) {
    this.window = window;
    this.again();
  }

  async look() {
    const round = Symbol("round");
    this.round = round;
    try {
      const health = await ask("health/ready").catch((error) => {
        if (error.body?.status) return { json: async () => error.body };
        throw error;
      });
      this.health = await health.json();
      this.heard = Date.now();
      this.failures = 0;
      await this.figures();
      this.trouble = null;
    } catch (error) {
      if (error instanceof Locked) this.locked = true;
      else if (error instanceof Away) this.failures += 1;
      else this.trouble = error.message;
    }
    if (this.round !== round) return;
    const wait = this.failures === 0 ? EVERY : Math.min(LONGEST, 2 ** (this.failures - 1));
    this.nextAt = Date.now() + wait * 1000;
    // Hidden since it began: the next look comes when the page is seen again.
    if (!document.hidden) this.timer = setTimeout(() => this.look(), wait * 1000);
    this.show(this);
  }

  async figures() {
    const patient = { patient: true };
    this.stats = await read("stats", patient);
    this.locked = false;
    if (Date.now() - this.configured >= CONFIGURATION * 1000) {
      [this.config, this.standing] = await Promise.all([read("config", patient), read("reload", patient)]);
      this.configured = Date.now();
    }
    if (Date.now() - this.drawn >= HISTORY[this.window] * 1000) {
      const window = this.window;
      const history = await read(`history?window=${window}`, patient);
      if (window === this.window) {
        this.history = history;
        this.drawn = Date.now();
      }
    }
  }

  get away() {
    return this.failures > 0;
  }

  // Seconds without an answer; null when there never was one.
  get silent() {
    return this.heard === null ? null : Math.round((Date.now() - this.heard) / 1000);
  }

  get retry() {
    return Math.max(0, Math.ceil((this.nextAt - Date.now()) / 1000));
  }
}
