// The picture large. The same keys as in the grid, and the grid's focus follows.
import { openModal } from "./dialogs.js";
import { goTo, isHeld, keyOf, keys, step } from "./grid.js";
import { want } from "./selection.js";
import { faceOf, isDone, isKept, tileOf } from "./tiles.js";

const dialog = document.getElementById("zoom");
const stage = document.getElementById("zoom-stage");
let tileId = null;
let near = new Map(); // address -> the picture, for the tile in zoom and the ones beside it
const tile = () => document.getElementById(tileId);
// Nobody judges a picture that is not on the screen yet.
const isSeen = () => stage.querySelector("img") !== null;
const isLoaded = (image) => image.complete && image.naturalWidth > 0;

function load(address) {
  const known = near.get(address);
  const isBroken = known?.complete && !isLoaded(known);
  const image = known && !isBroken ? known : new Image();
  if (image !== known) image.src = address;
  image.alt = ""; // the prompt stands below, and names the dialog
  return image;
}

const original = (of) => load(faceOf(of).dataset.full);

function preview(of) {
  const small = faceOf(of).querySelector("img");
  const image = load(small.currentSrc || small.src);
  // As large as the original: nothing moves when that takes its place.
  for (const side of ["width", "height"]) if (small.hasAttribute(side)) image[side] = small.getAttribute(side);
  return image;
}

function paint(of) {
  // Each tile has a frame of its own: what arrives late finds it taken away, and shows nowhere.
  const frame = Object.assign(document.createElement("div"), { className: "frame" });
  stage.replaceChildren(frame);
  const put = (image) => {
    frame.replaceChildren(image);
    refresh();
  };
  const putIfEmpty = (image) => frame.querySelector("img") ?? put(image);
  const [small, large] = [preview(of), original(of)];
  if (isLoaded(large)) put(large);
  else if (isLoaded(small)) put(small);
  else small.decode().then(() => putIfEmpty(small), () => {});
  large
    .decode()
    .then(
      () => put(large),
      () => putIfEmpty(Object.assign(document.createElement("p"), { textContent: "This picture cannot be loaded." })),
    )
    .then(() => frame.isConnected && preload(of));
}

function preload(of) {
  const pictures = [of, neighbour(-1), neighbour(1)].filter(Boolean).map(original);
  near = new Map(pictures.map((image) => [image.getAttribute("src"), image]));
}

function show(next) {
  if (!next) return;
  tileId = next.id;
  document.getElementById("zoom-prompt").textContent = next.querySelector(".prompt").textContent;
  document.getElementById("zoom-download").href = faceOf(next).dataset.full.replace("/original/", "/download/");
  paint(next);
  refresh();
}

function refresh() {
  const now = tile();
  if (!now || !isDone(now)) return;
  const kept = isKept(now);
  dialog.classList.toggle("dropped", !kept);
  const keep = dialog.querySelector("[data-zoom=keep]");
  keep?.setAttribute("aria-pressed", String(kept));
  if (keep) keep.textContent = kept ? "Kept" : "Keep";
  const reroll = dialog.querySelector("[data-zoom=reroll]");
  if (reroll) reroll.title = document.getElementById(`reroll-${now.dataset.tile}`)?.title ?? "";
  for (const button of dialog.querySelectorAll("[data-zoom]"))
    if (judges(button.dataset.zoom)) button.setAttribute("aria-disabled", String(!isSeen()));
}

// The tile itself when it has a picture, else the nearest one with a picture to that side.
function nearest(from, by) {
  let next = from;
  while (next && !isDone(next)) next = step(next, by);
  return next;
}

const neighbour = (by) => nearest(step(tile(), by), by);

function close() {
  dialog.close();
  goTo(tile());
}

const actions = {
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
const zoomKeys = {
  ...keys,
  z: close,
  e: actions.edit,
  " ": actions.keep,
  ArrowLeft: () => neighbour(-1),
  ArrowRight: () => neighbour(1),
};
const moves = ["previous", "next", "z", "c", "?", "ArrowLeft", "ArrowRight", "Home", "End"];
const judges = (name) => !moves.includes(name);

function press(event) {
  const key = keyOf(event);
  const action = zoomKeys[key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === " " && event.target.tagName === "BUTTON") return;
  event.preventDefault();
  if (isHeld(event) || !tile() || (judges(key) && !isSeen())) return;
  const next = action(tile());
  if (next?.dataset) show(nearest(next, key === "End" || key === "ArrowLeft" ? -1 : 1));
  refresh();
}

export function startZoom(root) {
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-does=zoom]")) {
      show(tileOf(event.target));
      openModal(dialog);
    }
    const name = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (name && tile() && (isSeen() || !judges(name))) actions[name]();
  });
  dialog.addEventListener("keydown", press);
  dialog.addEventListener("close", () => {
    stage.replaceChildren();
    near = new Map();
    if (tile()) goTo(tile());
  });
  // Someone else may have judged it, or deleted it.
  document.body.addEventListener("htmx:afterSettle", () => {
    if (dialog.open && !(tile() && isDone(tile()))) dialog.close();
    else if (dialog.open) refresh();
  });
}
