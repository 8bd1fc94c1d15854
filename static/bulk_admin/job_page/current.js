// The one answer to "which picture is it about": where keys act, where Tab leads, and what is marked.
import { say } from "./messages.js";
import { faceOf, nameOf, shown, tileWith } from "./tiles.js";

let currentId = null;
let anchorId = null; // where a range began
let markedIds = new Set();

export const current = () => (currentId && tileWith(currentId)) || null;
export const marked = () => (markedIds.size ? shown().filter((tile) => markedIds.has(tile.dataset.tile)) : []);

// What a key is about: what is marked, else the current picture.
export const chosen = () => {
  const several = marked();
  return several.length ? several : [current()].filter(Boolean);
};

function stopAt(tile, isStop) {
  tile.classList.toggle("is-current", isStop);
  for (const element of tile.querySelectorAll("[tabindex]")) element.tabIndex = isStop ? 0 : -1;
}

export function setCurrent(tile) {
  if (tile?.dataset.tile === currentId) return;
  const before = current();
  if (before) stopAt(before, false);
  currentId = tile?.dataset.tile ?? null;
  if (tile) stopAt(tile, true);
}

// After tiles came, went, or were hidden: the same one as before, as long as it is there.
export function settleCurrent() {
  const now = current();
  if (now && !now.hidden) {
    stopAt(now, true); // an answer may have brought it anew
  } else {
    setCurrent(shown()[0] ?? null);
  }
  for (const tile of marked()) tile.classList.add("is-marked");
}

export function goTo(tile) {
  if (!tile) return;
  // First the focus: to take the tab stop from what has it costs the browser a look at the whole page.
  faceOf(tile).focus({ preventScroll: true });
  setCurrent(tile);
  tile.scrollIntoView({ block: "nearest" });
}

export function step(tile, by) {
  const visible = shown();
  return visible[visible.indexOf(tile) + by] ?? null;
}

export function unmark() {
  for (const tile of document.querySelectorAll("#grid .is-marked")) tile.classList.remove("is-marked");
  markedIds = new Set();
  anchorId = null;
}

// From where the range began to here; the picture that it leads to becomes the current one.
export function markTo(tile) {
  if (!tile) return;
  const visible = shown();
  anchorId ??= currentId ?? tile.dataset.tile;
  const ends = [tileWith(anchorId) ?? tile, tile].map((each) => visible.indexOf(each)).sort((a, b) => a - b);
  const from = anchorId;
  unmark();
  anchorId = from;
  const range = visible.slice(Math.max(ends[0], 0), ends[1] + 1);
  markedIds = new Set(range.map((each) => each.dataset.tile));
  for (const each of range) each.classList.add("is-marked");
  goTo(tile);
}

const isInSight = (tile) => {
  const box = faceOf(tile).getBoundingClientRect();
  const [top, bottom] = [document.querySelector(".jobbar"), document.querySelector(".dock")].map((edge) =>
    edge.getBoundingClientRect(),
  );
  return box.bottom > top.bottom + 8 && box.top < bottom.top - 8;
};

// Nothing is decided that nobody sees: a key that comes while the current picture is out of sight only leads to one
// that is in sight.
export function isActedOn() {
  const now = current();
  if (!now) return false;
  if (isInSight(now)) return true;
  const first = shown().find(isInSight);
  if (first) goTo(first);
  say(`Now on ${nameOf(first ?? now).toLowerCase()}.`);
  return false;
}
