// What the page shows: a filter and a text in the prompts. Both stand in the address.
import { decisionOf } from "./decisions.js";
import { goTo, settleCurrent, unmark } from "./current.js";
import { isDone, promptOf, shown, tiles } from "./tiles.js";

const STATES = { failed: "bad", unknown: "unk", cancelled: "off" };
let root;
let wanted = { show: "all", text: "" };

function matches(tile) {
  const { show, text } = wanted;
  if (text && !promptOf(tile).toLowerCase().includes(text)) return false;
  if (show === "all") return true;
  if (show === "with-page") return "page" in tile.dataset;
  return isDone(tile) ? decisionOf(tile) === show : tile.dataset.state === STATES[show];
}

// `some`: only those tiles changed. The tile that has the focus stays until the filter is chosen again: nothing
// vanishes under a hand.
export function applyFilter(some = tiles()) {
  for (const tile of some) tile.hidden = !matches(tile) && !tile.contains(document.activeElement);
  settleCurrent();
  document.getElementById("nothing").hidden = document.querySelector("#grid [data-tile]:not([hidden])") !== null;
  for (const chip of root.querySelectorAll("[data-show]")) {
    if (chip.dataset.show === wanted.show) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
  }
}

function read() {
  const asked = new URLSearchParams(location.search);
  const show = asked.get("show") ?? "all";
  const isKnown = document.getElementById(`chip-${show}`) !== null;
  wanted = { show: isKnown ? show : "all", text: (asked.get("q") ?? "").trim().toLowerCase() };
}

function address(changes) {
  const there = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) there.searchParams.set(name, value);
    else there.searchParams.delete(name);
  }
  return there;
}

function look() {
  read();
  unmark();
  applyFilter();
}

export function startFilter(element) {
  root = element;
  const find = document.getElementById("find");
  read();
  root.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-show]");
    if (!chip || event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab is the browser's
    event.preventDefault();
    const { show } = chip.dataset;
    history.pushState(null, "", address({ show: show === "all" ? "" : show }));
    look();
  });
  find.addEventListener("input", () => {
    history.replaceState(null, "", address({ q: find.value.trim() }));
    look();
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && find.value) {
      find.value = "";
      find.dispatchEvent(new Event("input"));
    } else if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      if (shown().length) goTo(shown()[0]);
      else find.blur();
    }
  });
  addEventListener("popstate", () => {
    look();
    find.value = new URLSearchParams(location.search).get("q") ?? "";
  });
}
