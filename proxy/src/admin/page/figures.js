// Numbers and times as people read them at night. A number and its unit stay on one line.

const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const whole = (number) => GROUPED.format(number);

export function count(number, noun, many = `${noun}s`) {
  return `${whole(number)} ${number === 1 ? noun : many}`;
}

// A part of 1 in percent; 100 % only when it is all.
export function share(part) {
  if (part === null || part === undefined || Number.isNaN(part)) return "–";
  const percent = part * 100;
  if (percent > 99.9 && percent < 100) return "99.9\u00a0%";
  return `${percent.toFixed(percent === 100 || percent === 0 ? 0 : 1)}\u00a0%`;
}

export function short(number) {
  if (number === null || number === undefined) return "–";
  if (number >= 1e6) return `${trimmed(number / 1e6)}\u00a0M`;
  if (number >= 1e4) return `${trimmed(number / 1e3)}\u00a0k`;
  const isWhole = Math.abs(number - Math.round(number)) < 0.05;
  return isWhole ? whole(number) : number.toFixed(number < 10 ? 1 : 0);
}

function trimmed(number) {
  return number.toFixed(number < 10 ? 1 : 0).replace(/\.0$/, "");
}

// A duration of a call, in seconds.
export function took(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(seconds < 0.00995 ? 1 : 0)}\u00a0ms`;
  return `${seconds.toFixed(seconds < 9.95 ? 2 : 1)}\u00a0s`;
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

// A span in its two largest units.
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  let left = Math.max(0, Math.round(seconds));
  const first = UNITS.findIndex(([, unit]) => left >= unit);
  if (first < 0) return "0\u00a0s";
  const parts = [];
  for (const [name, unit] of UNITS.slice(first, first + 2)) {
    if (left >= unit) parts.push(`${Math.floor(left / unit)}\u00a0${name}`);
    left %= unit;
  }
  return parts.join("\u00a0");
}

export function bytes(number) {
  if (number === null || number === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let power = 0;
  while (number >= 1024 && power < units.length - 1) {
    number /= 1024;
    power += 1;
  }
  return `${power === 0 || number >= 100 ? number.toFixed(0) : number.toFixed(1)} ${units[power]}`;
}

// A size as the configuration writes it: 256MiB.
export function size(text) {
  const [, digits, unit] = /^(\d+)([A-Za-z]*)$/.exec(String(text)) ?? [];
  const powers = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
  return digits === undefined ? null : Number(digits) * (powers[unit] ?? 1);
}

const pad = (number) => String(number).padStart(2, "0");

export function clock(unix, withSeconds = true) {
  const time = new Date(unix * 1000);
  const text = `${pad(time.getHours())}:${pad(time.getMinutes())}`;
  return withSeconds ? `${text}:${pad(time.getSeconds())}` : text;
}
