// Elements from values. Text is always text: nothing that came from outside becomes markup.

const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(text, press, attributes = {}) {
  return make("button", { type: "button", click: press, ...attributes }, text);
}

// A table cell that names its column, for narrow screens where rows are stacked.
export function cell(label, attributes, ...children) {
  return make("td", { "data-label": label, ...attributes }, ...children);
}

export function told(element, text, level = "") {
  element.dataset.level = level;
  element.replaceChildren(text);
}

// Runs what a button or form starts: not twice at the same time, and its failure is told.
export async function during(control, into, work) {
  if (control.getAttribute("aria-busy") === "true") return;
  control.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    told(into, error.message, "bad");
  } finally {
    control.removeAttribute("aria-busy");
  }
}
