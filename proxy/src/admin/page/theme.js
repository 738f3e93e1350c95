// The system's colours, or one's own choice, remembered.

import { at } from "./element.js";

const KEPT = "recobeat-theme";
const ROUND = ["system", "light", "dark"];

function use(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  at("theme").textContent = `Theme: ${theme}`;
}

export function startTheme() {
  let theme = localStorage.getItem(KEPT);
  if (!ROUND.includes(theme)) theme = "system";
  use(theme);
  at("theme").addEventListener("click", () => {
    theme = ROUND[(ROUND.indexOf(theme) + 1) % ROUND.length];
    localStorage.setItem(KEPT, theme);
    use(theme);
  });
}
