// The Select menu: one step for all pictures that the filter shows.
import { decide, isKept } from "./decisions.js";
import { isDone, shown } from "./tiles.js";

const plans = {
  all: (done) => done.map((tile) => [tile, true]),
  none: (done) => done.map((tile) => [tile, false]),
  invert: (done) => done.map((tile) => [tile, !isKept(tile)]),
  first(done) {
    const seen = new Set();
    const isFirst = ({ dataset: { position } }) => !seen.has(position) && Boolean(seen.add(position));
    return done.filter((tile) => !tile.classList.contains("dropped")).map((tile) => [tile, isFirst(tile)]);
  },
};
const planned = (name) => plans[name](shown().filter(isDone));

export function startBulk() {
  const menu = document.getElementById("select-menu");
  if (!menu) return;
  const opener = document.getElementById("open-select");
  menu.addEventListener("toggle", () => {
    for (const item of menu.querySelectorAll("[data-bulk]")) {
      const plan = planned(item.dataset.bulk);
      const counted = item.dataset.bulk === "first" ? plan.filter(([, keep]) => !keep) : plan;
      item.querySelector("span").textContent = counted.length;
      item.disabled = !counted.length;
    }
  });
  menu.addEventListener("click", (event) => {
    const item = event.target.closest("[data-bulk]");
    if (!item) return;
    menu.open = false;
    opener.focus();
    decide(planned(item.dataset.bulk));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    opener.focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}
