// The picture large. The same keys as in the grid, and the grid's focus follows.
import { copyPrompt, pressTile } from "./actions.js";
import { goTo, setCurrent, step, unmark } from "./current.js";
import { DROPPED, KEPT, decisionOf, undo } from "./decisions.js";
import { openModal } from "./dialogs.js";
import { judging } from "./grid.js";
import { ZOOM } from "./keymap.js";
import { register } from "./keys.js";
import { buttonOf, faceOf, isDone, promptOf, shown, tileOf } from "./tiles.js";

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
  document.getElementById("zoom-prompt").textContent = promptOf(next);
  document.getElementById("zoom-download").href = faceOf(next).dataset.full.replace("/original/", "/download/");
  paint(next);
  refresh();
}

function refresh() {
  const now = tile();
  if (!now || !isDone(now)) return;
  const decision = decisionOf(now);
  dialog.classList.toggle("dropped", decision === DROPPED);
  for (const [name, state] of [["keep", KEPT], ["drop", DROPPED]])
    dialog.querySelector(`[data-zoom=${name}]`)?.setAttribute("aria-pressed", String(decision === state));
  const reroll = dialog.querySelector("[data-zoom=reroll]");
  if (reroll) reroll.title = buttonOf(now, "reroll")?.title ?? "";
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

// A judgement of the grid's, about the picture in zoom; the answer is the tile to go to.
const judge = (name) => () => {
  unmark();
  setCurrent(tile());
  const next = judging[name]();
  if (next && next !== tile()) show(nearest(next, 1));
  refresh();
};
const go = (next) => {
  show(next);
  refresh();
};
const does = {
  previous: () => go(neighbour(-1)),
  next: () => go(neighbour(1)),
  first: () => go(nearest(shown()[0], 1)),
  last: () => go(nearest(shown().at(-1), -1)),
  keep: judge("keep"),
  drop: judge("drop"),
  keepAlone: judge("keepAlone"),
  toggle: judge("toggle"),
  undo,
  close,
  copy: () => copyPrompt(tile()),
  reroll: () => pressTile(tile(), "reroll"),
  edit: () => {
    close();
    pressTile(tile(), "edit");
  },
};
const MOVES = ["previous", "next"];
const judges = (name) => !MOVES.includes(name);

export function startZoom(root) {
  register(ZOOM, { isOpen: () => dialog.open && tile() !== null, isReady: isSeen, does });
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-does=zoom]")) {
      openModal(dialog);
      show(tileOf(event.target));
    }
    const name = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (name && tile() && (isSeen() || !judges(name))) does[name]();
  });
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
