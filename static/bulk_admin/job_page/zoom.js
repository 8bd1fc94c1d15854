// The picture large. The same keys as in the grid, and the grid's focus follows.
import { goTo, isHeld, keyOf, keys, step } from "./grid.js";
import { want } from "./selection.js";
import { faceOf, isDone, isKept, tileOf } from "./tiles.js";

const dialog = document.getElementById("zoom");
const picture = document.getElementById("zoom-img");
let tileId = null;
const tile = () => document.getElementById(tileId);

function show(next) {
  if (!next) return;
  tileId = next.id;
  picture.src = faceOf(next).dataset.full;
  picture.alt = "";
  document.getElementById("zoom-prompt").textContent = next.querySelector(".prompt").textContent;
  document.getElementById("zoom-download").href = faceOf(next).dataset.full.replace(/original\/$/, "download/");
  refresh();
}

function refresh() {
  const kept = isKept(tile());
  dialog.classList.toggle("dropped", !kept);
  const keep = dialog.querySelector("[data-zoom=keep]");
  keep?.setAttribute("aria-pressed", String(kept));
  if (keep) keep.textContent = kept ? "Kept" : "Keep";
  const reroll = dialog.querySelector("[data-zoom=reroll]");
  if (reroll) reroll.title = document.getElementById(`reroll-${tile().dataset.tile}`)?.title ?? "";
}

// The nearest tile with a picture, to that side.
function neighbour(by) {
  let next = step(tile(), by);
  while (next && !isDone(next)) next = step(next, by);
  return next;
}

function close() {
  dialog.close();
  goTo(tile());
}

const acts = {
  previous: () => show(neighbour(-1)),
  next: () => show(neighbour(1)),
  keep: () => {
    want([[tile(), !isKept(tile())]]);
    refresh();
  },
  reroll: () => document.getElementById(`reroll-${tile().dataset.tile}`)?.click(),
  edit: () => {
    close();
    document.getElementById(`edit-${tile().dataset.tile}`)?.click();
  },
};

export function startZoom(root) {
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-does=zoom]")) {
      show(tileOf(event.target));
      dialog.showModal();
    }
    const act = acts[event.target.closest("[data-zoom]")?.dataset.zoom];
    if (act) act();
  });
  dialog.addEventListener("keydown", (event) => {
    const key = keyOf(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === " " && event.target.tagName === "BUTTON") return;
    if (isHeld(event) && (key === "z" || key === " " || keys[key])) {
      event.preventDefault();
      return;
    }
    if (key === "z") {
      event.preventDefault();
      close();
      return;
    }
    if (key === "e") {
      event.preventDefault();
      acts.edit();
      return;
    }
    if (key === " ") {
      event.preventDefault();
      acts.keep();
      return;
    }
    if (key === "ArrowLeft" || key === "ArrowRight") {
      event.preventDefault();
      show(neighbour(key === "ArrowLeft" ? -1 : 1));
      return;
    }
    if (!keys[key]) return;
    event.preventDefault();
    const next = keys[key](tile());
    if (next?.dataset) show(isDone(next) ? next : neighbour(1));
    refresh();
  });
  dialog.addEventListener("close", () => {
    picture.removeAttribute("src");
    if (tile()) goTo(tile());
  });
}
