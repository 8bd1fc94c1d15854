// One tab stop for the grid, arrows inside it, and one key for each thing that a tile does.
import { want, wantMany } from "./selection.js";
import { faceOf, isDone, isKept, shown, tileOf } from "./tiles.js";
import { say } from "./messages.js";

let current = null; // id of the tile that Tab leads to
let anchor = null; // where a range began

export function roam() {
  const visible = shown();
  if (!visible.some((tile) => tile.id === current)) current = visible[0]?.id ?? null;
  for (const tile of visible) {
    const stop = tile.id === current ? 0 : -1;
    for (const element of tile.querySelectorAll("button, a, .face")) element.tabIndex = stop;
  }
}

export function goTo(tile) {
  if (!tile) return;
  current = tile.id;
  roam();
  faceOf(tile).focus({ preventScroll: true });
  tile.scrollIntoView({ block: "nearest" });
}

export function step(tile, by) {
  const visible = shown();
  return visible[visible.indexOf(tile) + by] ?? null;
}

const columns = () => getComputedStyle(document.getElementById("grid")).gridTemplateColumns.split(" ").length;
const press = (tile, name) => document.getElementById(`${name}-${tile.dataset.tile}`)?.click();

export async function copyPrompt(tile) {
  try {
    await navigator.clipboard.writeText(tile.querySelector(".prompt").textContent);
    say("Prompt copied.");
  } catch {
    say("The browser does not allow copying here.", "error");
  }
}

function keepAlone(tile) {
  const group = [...tile.parentElement.querySelectorAll("[data-tile]")].filter(isDone);
  wantMany(group.map((other) => [other, other === tile]));
  const visible = shown();
  return visible.slice(visible.indexOf(tile)).find((other) => other.dataset.position !== tile.dataset.position);
}

// What a key does to a tile; the answer is the tile to go to, if any. Shared with zoom.
export const keys = {
  p: (tile) => {
    want([[tile, true]]);
    return step(tile, 1);
  },
  P: keepAlone,
  x: (tile) => {
    want([[tile, false]]);
    return step(tile, 1);
  },
  k: (tile) => {
    want([[tile, true]]);
  },
  r: (tile) => press(tile, "reroll"),
  e: (tile) => press(tile, "edit"),
  c: (tile) => {
    copyPrompt(tile);
  },
  ArrowLeft: (tile) => step(tile, -1),
  ArrowRight: (tile) => step(tile, 1),
  Home: () => shown()[0],
  End: () => shown().at(-1),
  "?": () => {
    document.getElementById("open-help").click();
  },
};
const gridKeys = {
  ...keys,
  z: (tile) => press(tile, "zoom"),
  ArrowUp: (tile) => step(tile, -columns()),
  ArrowDown: (tile) => step(tile, columns()),
};
export const keyOf = (event) => (event.key.length === 1 && !event.shiftKey ? event.key.toLowerCase() : event.key);
// A key that is held goes on moving. Everything else it does once: a re-roll costs money.
export const isHeld = (event) => event.repeat && !event.key.startsWith("Arrow");

export function startGrid(root) {
  const grid = document.getElementById("grid");
  roam();
  grid.addEventListener("keydown", (event) => {
    const tile = tileOf(event.target);
    const action = gridKeys[keyOf(event)];
    if (!tile || !action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (isHeld(event)) return;
    const next = action(tile);
    if (next?.dataset) goTo(next);
  });
  root.addEventListener("keydown", (event) => {
    // Browsers click a button again and again while Enter is held on it.
    if (event.key === "Enter" && event.repeat && event.target.tagName === "BUTTON") event.preventDefault();
  });
  grid.addEventListener("focusin", (event) => {
    const tile = tileOf(event.target);
    if (tile && tile.id !== current) {
      current = tile.id;
      roam();
    }
  });
  grid.addEventListener("click", (event) => {
    const tile = tileOf(event.target);
    const other = event.target.closest("button, a");
    if (!tile) return;
    if (other?.dataset.does === "copy") copyPrompt(tile);
    if (!isDone(tile) || (other && other !== faceOf(tile)) || String(getSelection())) return;
    if (!root.dataset.canAct) {
      press(tile, "zoom");
      return;
    }
    const visible = shown();
    const from = visible.findIndex((candidate) => candidate.id === anchor);
    if (event.shiftKey && from >= 0) {
      const [first, last] = [from, visible.indexOf(tile)].sort((a, b) => a - b);
      wantMany(visible.slice(first, last + 1).map((each) => [each, isKept(visible[from])]));
    } else {
      want([[tile, !isKept(tile)]]);
      anchor = tile.id;
    }
    goTo(tile);
  });
  grid.addEventListener("mousedown", (event) => {
    if (event.shiftKey) event.preventDefault();
  });
}
