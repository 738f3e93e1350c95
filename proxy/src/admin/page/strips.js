// The plots together: one window, one cursor.

import { at, told } from "./element.js";
import { clock, span } from "./figures.js";
import { readings } from "./readings.js";
import { Strip } from "./strip.js";

export class Strips {
  constructor() {
    this.all = new Map();
  }

  show(history) {
    if (!history || history === this.history) return;
    this.history = history;
    for (const reading of readings(history)) {
      if (!this.all.has(reading.id)) {
        const strip = new Strip(reading.id, (index) => this.move(index));
        this.all.set(reading.id, strip);
        at("strips").append(strip.element);
      }
      this.all.get(reading.id).show(reading, history);
    }
    const newest = history.t.at(-1);
    const kept = newest === undefined ? 0 : newest - history.since;
    const since = kept < history.window_seconds ? ` Kept since ${clock(history.since)}, the proxy’s start.` : "";
    told(at("plots-note"), `Steps of ${span(history.step_seconds)}.${since}`);
  }

  move(index) {
    for (const strip of this.all.values()) strip.mark(index);
  }
}

export function startWindows(use) {
  for (const choice of at("windows").querySelectorAll("input")) {
    if (choice.checked) use(choice.value);
    choice.addEventListener("change", () => choice.checked && use(choice.value));
  }
}
