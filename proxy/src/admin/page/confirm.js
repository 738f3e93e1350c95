// Asks before something is lost, and says what.

import { at, make } from "./element.js";

// True when the person presses the button named `verb`; Escape and the other one mean no. So does a
// question that comes while another one waits: one yes must not stand for both.
export async function confirmed(question, sentences, verb) {
  const dialog = at("confirm-dialog");
  if (dialog.open) return false;
  at("confirm-title").textContent = question;
  at("confirm-text").replaceChildren(...sentences.map((one) => (one instanceof Node ? one : make("p", {}, one))));
  at("confirm-yes").textContent = verb;
  dialog.returnValue = "no";
  return new Promise((answered) => {
    dialog.addEventListener("close", () => answered(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
