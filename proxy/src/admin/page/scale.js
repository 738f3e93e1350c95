// Axes: where the ticks are, and where a value lies.

const STEPS = [1, 2, 2.5, 5, 10];

// Ticks from 0 to at least `highest`, about `wanted` of them.
export function ticks(highest, wanted = 4) {
  if (!(highest > 0)) highest = 1;
  const power = 10 ** Math.floor(Math.log10(highest / wanted));
  const step = power * STEPS.find((step) => power * step * wanted >= highest * 0.999999);
  const all = [];
  for (let at = 0; at * step < highest * 0.999999; at += 1) all.push(at * step);
  all.push(all.length * step);
  return all.map((value) => Number(value.toPrecision(12)));
}

// Seconds between labels, by the window's length; on the local clock's round times.
export function times(from, to, widest) {
  const choices = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200];
  const every = choices.find((every) => (to - from) / every <= widest) ?? 86400;
  const offset = new Date(to * 1000).getTimezoneOffset() * 60;
  const all = [];
  for (let at = Math.ceil((from - offset) / every) * every + offset; at <= to; at += every) all.push(at);
  return all;
}

export function linear(from, to, low, high) {
  const factor = to === from ? 0 : (high - low) / (to - from);
  return (value) => low + (value - from) * factor;
}

// A path through points; null begins a new piece, and a piece of one point is a dot.
export function line(points) {
  let path = "";
  let down = false;
  points.forEach((point, index) => {
    if (point === null) {
      down = false;
      return;
    }
    const text = `${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    const alone = !down && (points[index + 1] ?? null) === null;
    path += down ? `L${text}` : `M${text}${alone ? "h.01" : ""}`;
    down = true;
  });
  return path;
}

// The area between two steps lines; `edges` are [left, right] of each step, in pixels.
export function area(edges, upper, lower) {
  let path = "";
  edges.forEach(([left, right], index) => {
    if (upper[index] === lower[index]) return;
    path += `M${left.toFixed(1)} ${lower[index].toFixed(1)}V${upper[index].toFixed(1)}H${right.toFixed(1)}V${lower[index].toFixed(1)}Z`;
  });
  return path;
}
