// Puts the parts of the page together: one pulse reads, each part shows what concerns it.

import { read } from "./ask.js";
import { startConfiguration, showConfiguration } from "./configuration.js";
import { showDenials, startDenials } from "./denials.js";
import { at, make } from "./element.js";
import { startExplain } from "./explain.js";
import { count, span } from "./figures.js";
import { startIds } from "./ids.js";
import { Pulse } from "./pulse.js";
import { startPurge } from "./purge.js";
import { Strips, startWindows } from "./strips.js";
import { startTheme } from "./theme.js";
import { showTiers } from "./tiers.js";
import { findings } from "./verdict.js";
import { showWarm, startWarm } from "./warm.js";

const strips = new Strips();
let said = "";
let opened = false;

function show(pulse) {
  showVerdict(pulse);
  document.body.classList.toggle("away", pulse.away);
  showIdentity(pulse);
  showTiers(pulse);
  strips.show(pulse.history);
  showConfiguration(pulse);
  if (pulse.stats && !pulse.locked && !opened) {
    opened = true;
    open(pulse);
  }
}

// The sentence counts seconds; who listens is told only when the state is another.
function showVerdict(pulse) {
  const [first, ...others] = findings(pulse);
  at("verdict").dataset.level = first.level;
  at("verdict-text").replaceChildren(make("strong", {}, first.text), " ", make("span", {}, first.more));
  at("verdict-also").replaceChildren(...others.map(({ level, text, more }) => make("li", { "data-level": level }, `${text} ${more}`)));
  const saying = [first, ...others].map(({ kind }) => kind).join();
  if (saying !== said) at("announcer").textContent = `${first.text} ${first.more}`;
  said = saying;
  document.title = `${{ good: "●", bad: "■", notice: "▲", wait: "○" }[first.level]} recobeat-proxy`;
}

function showIdentity({ stats, history }) {
  if (!stats) return;
  // Both by the proxy's clock, which need not be this machine's.
  const up = history ? `up ${span((history.t.at(-1) ?? history.since) - history.since)}` : "";
  const fleet = stats.budget.replicas > 1 ? count(stats.budget.replicas, "replica") : "one replica";
  at("identity").textContent = [stats.version, up, fleet].filter(Boolean).join(" · ");
}

// What is read once, as soon as the token is there.
async function open(pulse) {
  try {
    await showDenials();
    showWarm(await read("warm", { patient: true }));
  } catch (error) {
    opened = false;
    pulse.trouble = error.message;
  }
}

startTheme();
startIds();
startDenials();
startExplain();
startPurge();
startWarm();
const pulse = new Pulse(show);
startConfiguration(() => pulse.again());
startWindows((window) => (pulse.timer === null ? (pulse.window = window) : pulse.use(window)));
pulse.start();
