// Two to four pictures side by side, enlarged and moved together: the variants of a prompt, or what was marked.
import { makeCell } from "./cell.js";
import { current, goTo, marked, setCurrent, settleCurrent } from "./current.js";
import { decide, isKept, undo } from "./decisions.js";
import { openModal } from "./dialogs.js";
import { applyFilter } from "./filter.js";
import { COMPARE } from "./keymap.js";
import { register } from "./keys.js";
import { say, tell } from "./messages.js";
import { isDone, promptOf, siblingsOf, tileWith, tiles } from "./tiles.js";

const MOST = 4;
const dialog = document.getElementById("compare");
const row = document.getElementById("compare-row");
let cells = [];
let isOfOnePrompt = false;
let isMarked = false; // rather than a prompt's variants: there is no next prompt

const variantsOf = (tile) => siblingsOf(tile).filter(isDone);
const write = (id, text) => {
  document.getElementById(id).textContent = text;
};

// Up to four of them, with the tile.
function around(tile) {
  const all = variantsOf(tile);
  const from = Math.max(0, Math.min(all.indexOf(tile), all.length - MOST));
  return all.slice(from, from + MOST);
}

// One tile for each prompt that has variants to compare.
function prompts() {
  const found = new Map();
  for (const tile of tiles().filter((each) => isDone(each) && !each.hidden))
    if (!found.has(tile.dataset.position) && variantsOf(tile).length > 1) found.set(tile.dataset.position, tile);
  return [...found.values()];
}

// From the grid: what is marked, else the variants of the current picture.
export function compareChosen() {
  const several = marked();
  if (several.length < 2) {
    openCompare(current());
  } else if (several.length > MOST || !several.every(isDone)) {
    say("Mark two to four pictures to compare them.", "warning");
  } else {
    isMarked = true;
    open(several);
  }
}

export function openCompare(tile) {
  const variants = tile && isDone(tile) ? around(tile) : [];
  if (variants.length < 2) {
    say("No other variant here. Mark two to four pictures to compare them.", "warning");
    return;
  }
  isMarked = false;
  open(variants);
}

function open(these) {
  if (!dialog.open) openModal(dialog);
  isOfOnePrompt = new Set(these.map((tile) => tile.dataset.position)).size === 1;
  for (const cell of cells) cell.end();
  row.replaceChildren();
  row.dataset.pictures = these.length;
  cells = these.map((tile, at) => makeCell(row, tile, at + 1, { refresh, moved, isOfOnePrompt }));
  setCurrent(these[0]);
  write("compare-title", `Compare ${these.length}`);
  write("compare-prompt", isOfOnePrompt ? `${these[0].dataset.position} · ${promptOf(these[0])}` : "Different prompts");
  document.getElementById("compare-only")?.toggleAttribute("hidden", !isOfOnePrompt);
  const all = prompts();
  document.getElementById("compare-walk").hidden = isMarked || all.length < 2;
  const at = all.findIndex((tile) => tile.dataset.position === these[0].dataset.position) + 1;
  write("compare-where", `Prompt ${at} of ${all.length} with variants`);
  refresh();
  const names = isOfOnePrompt ? `variants of prompt ${these[0].dataset.position}` : "pictures";
  tell(`${these.length} ${names}.`);
}

function moved(by, state) {
  for (const cell of cells) if (cell !== by) cell.viewer.follow(state);
  showScale();
}

function showScale() {
  if (!cells.length) return;
  const [{ viewer }] = cells;
  for (const button of dialog.querySelectorAll("[data-scale]")) {
    const scale = Number(button.dataset.scale);
    button.setAttribute("aria-pressed", String(scale ? !viewer.isFitted && viewer.isAt(scale) : viewer.isFitted));
  }
}

function refresh() {
  for (const cell of cells) cell.refresh();
  showScale();
}

const scaleTo = (scale) => {
  const [first] = cells;
  if (scale) first.viewer.showAt(scale);
  else first.viewer.fit();
};

// Nobody decides on a picture that is not on the screen yet.
function keepOnly(number) {
  const cell = cells[number - 1];
  if (!cell || !cells.every((each) => each.isSeen())) return;
  if (!isOfOnePrompt) {
    say("Different prompts: keep or drop each one alone.", "warning");
    return;
  }
  decide(variantsOf(cell.tile()).map((tile) => [tile, tile === cell.tile()]));
  refresh();
}

function toggle(number) {
  const cell = cells[number - 1];
  if (!cell?.isSeen()) return;
  decide([[cell.tile(), !isKept(cell.tile())]]);
  refresh();
}

function walk(by) {
  const all = prompts();
  const at = all.findIndex((tile) => tile.dataset.position === cells[0].tile().dataset.position);
  const next = all[at + by];
  if (isMarked) return;
  if (next) open(around(next));
  else say(`No ${by > 0 ? "further" : "earlier"} prompt with variants.`, "warning");
}

const does = {
  nextPrompt: () => walk(1),
  previousPrompt: () => walk(-1),
  keepOfFour: (key) => keepOnly(Number(key)),
  toggleOfFour: (key) => toggle(Number(key.slice("Shift+".length))),
  actualOrFit: () => scaleTo(cells[0].viewer.isFitted ? 1 : 0),
  fit: () => scaleTo(0),
  larger: () => cells[0].viewer.enlarge(1),
  smaller: () => cells[0].viewer.enlarge(-1),
  undo,
  close: () => dialog.close(),
};

function pressed({ target }) {
  const { scale, only, alone, walks } = target.closest("button")?.dataset ?? {};
  if (scale) scaleTo(Number(scale));
  if (only) keepOnly(Number(only));
  if (alone) toggle(Number(alone));
  if (walks) walk(Number(walks));
}

export function startCompare() {
  register(COMPARE, { isOpen: () => dialog.open, does });
  dialog.addEventListener("click", pressed);
  dialog.addEventListener("close", () => {
    const last = cells[0]?.tile();
    for (const cell of cells) cell.end();
    cells = [];
    row.replaceChildren();
    applyFilter();
    settleCurrent();
    if (document.querySelector("dialog[open]") === null) goTo(last && !last.hidden ? last : current());
  });
  // Somebody else may have judged one, or deleted it: then the numbers would stand for others.
  document.body.addEventListener("htmx:afterSettle", () => {
    if (!dialog.open) return;
    if (cells.every((cell) => tileWith(cell.id) && isDone(cell.tile()))) {
      refresh();
      return;
    }
    dialog.close();
    say("A picture that was compared is gone.", "warning");
  });
  addEventListener("resize", () => dialog.open && scaleTo(0));
}
