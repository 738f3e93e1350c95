// Asks the proxy. When it wants its token, asks the person for it and goes on where it was: whoever
// waits for an answer keeps waiting, forms stay as they are.

import { at } from "./element.js";

const KEPT = "recobeat-admin-token";
const WRONG = "The proxy did not take that token.";

let token = sessionStorage.getItem(KEPT) ?? "";
let unlocking = null;
// The person said "later": only what they do themselves asks again.
let later = false;

export class Locked extends Error {
  constructor() {
    super("The admin token is needed. Press Token above to give it.");
  }
}

// No answer at all: the proxy or the network is gone.
export class Away extends Error {
  constructor() {
    super("The proxy does not answer. Nothing was changed as far as this page knows.");
  }
}

// An answer that says no.
export class Refusal extends Error {
  constructor(status, errors, body) {
    super(errors.join("\n"));
    Object.assign(this, { status, errors, body });
  }
}

// `patient`: a background look that must not bring up the dialog again.
export async function ask(path, { patient = false, ...options } = {}) {
  for (;;) {
    const used = token;
    const answer = await reach(path, options, used);
    if (answer.status !== 401) {
      if (answer.ok) return answer;
      throw await refusal(answer);
    }
    if (used !== token) continue;
    if (patient && later) throw new Locked();
    if (!(await unlock(used !== ""))) throw new Locked();
  }
}

export async function read(path, options) {
  const answer = await ask(path, options);
  return answer.json();
}

export function send(path, value, options = {}) {
  const headers = { "Content-Type": "application/json", ...options.headers };
  return ask(path, { method: "POST", body: JSON.stringify(value), ...options, headers });
}

async function reach(path, options, used) {
  const headers = { ...options.headers };
  if (used) headers.Authorization = `Bearer ${used}`;
  try {
    return await fetch(path, { cache: "no-store", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Away();
  }
}

async function refusal(answer) {
  const text = await answer.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not everything that says no speaks JSON; its text will do.
  }
  const errors = body?.errors ?? [body?.error ?? (text.trim() || `${answer.status} ${answer.statusText}`)];
  return new Refusal(answer.status, errors, body);
}

// The next time a token is given, by whichever part of the page it was asked for.
export function unlocked() {
  return new Promise((given) => document.addEventListener("unlocked", given, { once: true }));
}

// True when there is another token to try.
function unlock(wrong) {
  unlocking ??= new Promise((given) => {
    const dialog = at("token-dialog");
    at("token-wrong").textContent = wrong ? WRONG : "";
    at("token").value = "";
    const close = () => {
      unlocking = null;
      later = dialog.returnValue !== "given";
      given(!later);
      if (!later) document.dispatchEvent(new Event("unlocked"));
    };
    dialog.returnValue = "";
    dialog.addEventListener("close", close, { once: true });
    if (!dialog.open) dialog.showModal();
  });
  return unlocking;
}

at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = at("token").value;
  // No header carries other characters: nothing could be asked any more.
  if (/[^\x20-\x7e]/.test(given)) {
    at("token-wrong").textContent = WRONG;
    at("token").select();
    return;
  }
  token = given;
  sessionStorage.setItem(KEPT, token);
  at("token-dialog").close("given");
});
at("token-later").addEventListener("click", () => at("token-dialog").close("later"));
at("token-open").addEventListener("click", () => unlock(false));
