// One plot: a name and its figure beside, the legend with the values of the moment pointed at, and
// the drawing over time. Drawn in real pixels, so that lines are sharp and text is text.

import { draw, make } from "./element.js";
import { clock } from "./figures.js";
import { area, line, linear, ticks, times } from "./scale.js";

const HEIGHT = 148;
const EDGE = { top: 10, right: 8, bottom: 20, left: 40 };

export class Strip {
  // `move(index or null)` moves the cursor of all strips.
  constructor(id, move) {
    this.id = id;
    this.move = move;
    this.hidden = new Set();
    this.cursor = null;
    this.reading = null;
    this.outputs = new Map();
    this.title = make("h3", { id: `${id}-title` });
    this.unit = make("span", { class: "unit" });
    this.figure = make("p", { class: "figure" });
    this.note = make("p", { class: "note" });
    this.gauge = make("div", { class: "gauge", role: "meter", "aria-label": "Calls started in the last minute, part of the limit", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true }, make("span"));
    this.legend = make("ul", { class: "legend", "aria-label": "Series" });
    this.plot = make("div", {
      class: "plot",
      role: "slider",
      tabindex: 0,
      "aria-labelledby": `${id}-title`,
      "aria-valuemin": 0,
      pointermove: (event) => this.point(event),
      pointerdown: (event) => this.point(event),
      pointerleave: (event) => event.pointerType === "mouse" && this.move(null),
      blur: () => this.move(null),
      keydown: (event) => this.key(event),
    });
    const side = make("div", { class: "side" }, make("div", { class: "heading" }, this.title, this.unit), this.figure, this.gauge, this.note, this.legend);
    this.element = make("article", { class: "strip", id, "aria-labelledby": `${id}-title` }, side, this.plot);
    new ResizeObserver(() => this.redraw()).observe(this.plot);
  }

  show(reading, history) {
    this.reading = reading;
    this.history = history;
    this.title.textContent = reading.title;
    this.unit.textContent = reading.unit;
    this.figure.textContent = reading.figure;
    this.note.textContent = reading.note;
    this.gauge.hidden = (reading.gauge ?? null) === null;
    if (!this.gauge.hidden) {
      const full = Math.min(1, reading.gauge);
      this.gauge.setAttribute("aria-valuenow", Math.round(full * 100));
      this.gauge.setAttribute("aria-valuetext", reading.figure);
      this.gauge.classList.toggle("full", full > 0.9);
      this.gauge.firstChild.style.width = `${full * 100}%`;
    }
    this.names();
    this.redraw();
  }

  // The legend keeps its buttons while the same series are shown: a focus in it stays.
  names() {
    const { series } = this.reading;
    const known = series.map(({ name }) => name).join();
    if (known === this.known) return;
    this.known = known;
    this.outputs.clear();
    this.legend.replaceChildren(...series.map((one) => {
      const output = make("span", { class: "value" });
      this.outputs.set(one.name, output);
      const toggle = make("button", {
        type: "button",
        class: "series",
        "aria-pressed": !this.hidden.has(one.name) ? "true" : "false",
        click: () => this.toggle(one.name, toggle),
      }, swatch(one, this.reading.form), make("span", {}, one.name), output);
      return make("li", {}, toggle);
    }));
  }

  toggle(name, button) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    button.setAttribute("aria-pressed", this.hidden.has(name) ? "false" : "true");
    this.redraw();
  }

  redraw() {
    const width = Math.floor(this.plot.clientWidth);
    if (!this.reading || width < 80) return;
    const { reading, history } = this;
    const shown = reading.series.filter(({ name }) => !this.hidden.has(name));
    const to = history.t.at(-1) ?? Date.now() / 1000;
    // Of a young proxy there is little to show: it gets the room, down to a fifth of the window.
    const kept = to - history.since;
    const from = to - Math.min(history.window_seconds, Math.max(history.window_seconds / 5, kept));
    const marks = ticks(this.highest(shown), 4);
    this.x = linear(from, to, EDGE.left, width - EDGE.right);
    this.y = linear(0, marks.at(-1), HEIGHT - EDGE.bottom, EDGE.top);
    this.shown = shown;
    this.pen = draw("g", { class: "pen" });
    const svg = draw("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" },
      this.axes(marks, from, to, width), reading.form === "stack" ? this.stack(shown) : this.lines(shown), this.pen);
    if (history.t.length === 0) svg.append(draw("text", { x: width / 2, y: HEIGHT / 2, class: "empty" }, "the first figures come within ten seconds"));
    this.plot.replaceChildren(svg);
    this.plot.setAttribute("aria-valuemax", Math.max(0, history.t.length - 1));
    this.mark(this.cursor);
  }

  highest(shown) {
    const { reading, history } = this;
    if (reading.highest) return reading.highest;
    const values = reading.form === "stack"
      ? history.t.map((_, at) => shown.reduce((sum, { values }) => sum + (values[at] ?? 0), 0))
      : shown.flatMap(({ values }) => values);
    return Math.max(reading.lowest ?? 0, ...values.map((value) => value ?? 0));
  }

  axes(marks, from, to, width) {
    const floor = HEIGHT - EDGE.bottom;
    const across = marks.map((value) => [
      draw("line", { class: value === 0 ? "floor" : "grid", x1: EDGE.left, x2: width - EDGE.right, y1: this.y(value), y2: this.y(value) }),
      draw("text", { class: "tick", x: EDGE.left - 6, y: this.y(value) + 3.5, "text-anchor": "end" }, this.reading.axis(value)),
    ]);
    const along = times(from, to, Math.max(2, Math.floor(width / 90))).map((at) => {
      const x = this.x(at);
      const anchor = x > width - 24 ? "end" : x < EDGE.left + 16 ? "start" : "middle";
      return [
        draw("line", { class: "grid", x1: x, x2: x, y1: floor, y2: floor + 4 }),
        draw("text", { class: "tick", x: anchor === "end" ? width - 2 : x, y: HEIGHT - 4, "text-anchor": anchor }, clock(at, false)),
      ];
    });
    return draw("g", {}, ...across.flat(), ...along.flat());
  }

  lines(shown) {
    const { t, seconds } = this.history;
    const points = (values) => values.map((value, at) => (value === null ? null : [this.x(t[at] - seconds[at] / 2), this.y(value)]));
    const paths = shown.map(({ name, values, colour, filled }) => {
      const path = draw("path", { class: `curve c-${colour}`, "data-series": name, d: line(points(values)) });
      const ground = this.y(0);
      return filled ? [draw("path", { class: `fill c-${colour}`, d: area(this.edges(), values.map((value) => this.y(value ?? 0)), values.map(() => ground)) }), path] : [path];
    });
    // The sum of all lies over the others.
    return draw("g", {}, ...paths.reverse().flat());
  }

  stack(shown) {
    let below = this.history.t.map(() => 0);
    const paths = shown.map(({ name, values, colour }) => {
      const above = below.map((sum, at) => sum + (values[at] ?? 0));
      const path = draw("path", { class: `area c-${colour}`, "data-series": name, d: area(this.edges(), above.map(this.y), below.map(this.y)) });
      below = above;
      return path;
    });
    return draw("g", {}, ...paths);
  }

  edges() {
    const { t, seconds } = this.history;
    return t.map((end, at) => [Math.max(EDGE.left, this.x(end - seconds[at])), this.x(end)]);
  }

  // ---- the cursor

  point(event) {
    const { t, seconds } = this.history ?? { t: [] };
    if (t.length === 0 || !this.x) return;
    const left = event.clientX - this.plot.getBoundingClientRect().left;
    let nearest = 0;
    let least = Infinity;
    t.forEach((end, at) => {
      const away = Math.abs(this.x(end - seconds[at] / 2) - left);
      if (away < least) [nearest, least] = [at, away];
    });
    this.move(nearest);
  }

  key(event) {
    const last = (this.history?.t.length ?? 0) - 1;
    if (last < 0) return;
    const now = this.cursor ?? last + 1;
    const to = {
      ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1,
      PageUp: now - 10, PageDown: now + 10, Home: 0, End: last, Escape: null,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.move(to === null ? null : Math.min(last, Math.max(0, to)));
  }

  // Shows the values of one moment; without one, those of the whole window or the newest.
  mark(index) {
    this.cursor = index;
    if (!this.reading || !this.pen) return;
    const { reading, history } = this;
    const at = index ?? history.t.length - 1;
    for (const { name, values, whole } of reading.series) {
      const value = reading.tell(values[at] ?? null);
      this.outputs.get(name).textContent = index === null ? whole ?? value : value;
    }
    this.plot.setAttribute("aria-valuenow", Math.max(0, at));
    this.plot.setAttribute("aria-valuetext", at < 0 ? "nothing yet" : this.words(at));
    this.pen.replaceChildren(...(index === null || index >= history.t.length ? [] : this.needle(index)));
  }

  words(at) {
    const values = this.shown.map(({ name, values }) => `${name} ${this.reading.tell(values[at] ?? null)}`);
    return `${clock(this.history.t[at])}: ${values.join(", ")}`;
  }

  needle(at) {
    const { t, seconds } = this.history;
    const x = this.x(t[at] - seconds[at] / 2);
    const left = x > this.plot.clientWidth - 70;
    const dots = this.reading.form === "stack" ? [] : this.shown
      .filter(({ values }) => (values[at] ?? null) !== null)
      .map(({ values, colour }) => draw("circle", { class: `dot c-${colour}`, cx: x, cy: this.y(values[at]), r: 3 }));
    return [
      draw("line", { class: "needle", x1: x, x2: x, y1: EDGE.top - 4, y2: HEIGHT - EDGE.bottom }),
      ...dots,
      draw("text", { class: "moment", x: x + (left ? -5 : 5), y: EDGE.top + 3, "text-anchor": left ? "end" : "start" }, clock(t[at])),
    ];
  }
}

function swatch({ colour }, form) {
  const mark = form === "stack"
    ? draw("rect", { class: `area c-${colour}`, x: 2, y: 1, width: 10, height: 10 })
    : draw("path", { class: `curve c-${colour}`, d: "M0 6H14" });
  return draw("svg", { class: "swatch", width: 14, height: 12, "aria-hidden": "true" }, mark);
}
