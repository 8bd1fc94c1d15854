// The picture large, with what is known of it. The same keys as in the grid, and the grid's focus follows.
import { copyPrompt, pressTile } from "./actions.js";
import { openCompare } from "./compare.js";
import { goTo, setCurrent, step, unmark } from "./current.js";
import { DROPPED, KEPT, decisionOf, undo } from "./decisions.js";
import { openModal } from "./dialogs.js";
import { judging } from "./grid.js";
import { ZOOM } from "./keymap.js";
import { register } from "./keys.js";
import { tell } from "./messages.js";
import { Pictures, addressOf, sizeOf } from "./pictures.js";
import { startStrip } from "./strip.js";
import { buttonOf, faceOf, idOf, isDone, nameOf, promptOf, shown, siblingsOf, tileOf, wordOf } from "./tiles.js";
import { makeViewer, onSwipe } from "./viewer.js";

const dialog = document.getElementById("zoom");
const view = document.getElementById("zoom-view");
const about = document.getElementById("zoom-about");
const pictures = new Pictures();
const UNKNOWN = "What is known of this picture could not be fetched.";
let tileId = null;
let asked = new AbortController(); // for what the panel says
let viewer;
let paintStrip;
const tile = () => document.getElementById(tileId);
// Nobody judges a picture that is not on the screen yet.
const isSeen = () => view.querySelector("img") !== null;

const write = (id, text) => {
  document.getElementById(id).textContent = text;
};

// `before`: the short sentence that comes first for who hears the page.
function show(next, before = "") {
  if (!next) return;
  tileId = next.id;
  write("zoom-prompt", promptOf(next));
  write("zoom-name", nameOf(next));
  write("zoom-place", next.querySelector(".place").textContent);
  const all = shown().filter(isDone);
  write("zoom-of", `${all.indexOf(next) + 1} of ${all.length}`);
  document.getElementById("zoom-download").href = addressOf(next).replace("/original/", "/download/");
  viewer.fit();
  pictures.paint(view, next, refresh).then((isStill) => {
    if (isStill) pictures.keepOnly([next, neighbour(-1), neighbour(1)].filter(Boolean));
  });
  learn(next);
  paintStrip(next, all);
  refresh();
  tell(`${before}${nameOf(next)}, ${wordOf(next).toLowerCase()}.`);
}

// The panel is about this picture, or empty.
async function learn(of) {
  about.replaceChildren();
  asked.abort();
  asked = new AbortController();
  const address = about.dataset.address.replace(/0\/about\/$/, `${idOf(of)}/about/`);
  try {
    const answer = await fetch(address, { signal: asked.signal });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (tileId === of.id) about.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.children);
  } catch (error) {
    if (error.name === "AbortError") return;
    about.append(Object.assign(document.createElement("p"), { className: "part", textContent: UNKNOWN }));
  }
}

function refresh() {
  const now = tile();
  if (!now || !isDone(now)) return;
  const decision = decisionOf(now);
  dialog.classList.toggle("dropped", decision === DROPPED);
  for (const [name, state] of [["keep", KEPT], ["drop", DROPPED]])
    dialog.querySelector(`[data-zoom=${name}]`)?.setAttribute("aria-pressed", String(decision === state));
  const price = buttonOf(now, "reroll")?.dataset.price;
  if (dialog.querySelector("[data-zoom=reroll]")) write("zoom-price", price && price !== "free" ? ` · ${price}` : "");
  const others = siblingsOf(now).filter(isDone).length;
  write("zoom-variants", String(others));
  dialog.querySelector("[data-zoom=compare]").hidden = others < 2;
  for (const button of dialog.querySelectorAll("[data-zoom]"))
    if (judges(button.dataset.zoom)) button.setAttribute("aria-disabled", String(!isSeen()));
  tellSize();
}

function tellSize() {
  const image = tile() && view.querySelector("img");
  const told = document.getElementById("zoom-told");
  told.hidden = !image;
  dialog.querySelector("[data-zoom=fit]").setAttribute("aria-pressed", String(viewer.isFitted));
  dialog.querySelector("[data-zoom=actual]").setAttribute("aria-pressed", String(Boolean(image) && viewer.isAt(1)));
  if (!image) return;
  const isFull = image.getAttribute("src") === addressOf(tile());
  const { width, height } = sizeOf(image) ?? {};
  const parts = [isFull ? "Full picture" : "Preview, the full picture is coming", width && `${width} × ${height}`];
  told.textContent = [...parts, `${Math.round(viewer.size * 100)}%`].filter(Boolean).join(" · ");
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
  const judged = tile();
  unmark();
  setCurrent(judged);
  const next = judging[name]();
  if (next && next !== judged) show(nearest(next, 1), `${nameOf(judged)}: ${wordOf(judged).toLowerCase()}. `);
  refresh();
  paintStrip(tile(), shown().filter(isDone));
};
const does = {
  previous: () => show(neighbour(-1)),
  next: () => show(neighbour(1)),
  first: () => show(nearest(shown()[0], 1)),
  last: () => show(nearest(shown().at(-1), -1)),
  keep: judge("keep"),
  drop: judge("drop"),
  keepAlone: judge("keepAlone"),
  toggle: judge("toggle"),
  undo,
  close,
  fit: () => viewer.fit(),
  actual: () => viewer.showAt(1),
  actualOrFit: () => (viewer.isFitted ? viewer.showAt(1) : viewer.fit()),
  larger: () => viewer.enlarge(1),
  smaller: () => viewer.enlarge(-1),
  compare: () => openCompare(tile()),
  copy: () => copyPrompt(tile()),
  reroll: () => pressTile(tile(), "reroll"),
  edit: () => {
    close();
    pressTile(tile(), "edit");
  },
};
const FREE = ["previous", "next", "fit", "actual"];
const judges = (name) => !FREE.includes(name);

export function startZoom(root) {
  viewer = makeViewer(view, { whenDrawn: tellSize });
  paintStrip = startStrip(show);
  onSwipe(view.parentElement, () => viewer.isFitted, (by) => show(neighbour(by)));
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
    view.replaceChildren();
    pictures.keepOnly([]);
    if (tile()) goTo(tile());
  });
  // Someone else may have judged it, or deleted it.
  document.body.addEventListener("htmx:afterSettle", () => {
    if (!dialog.open) return;
    if (!(tile() && isDone(tile()))) dialog.close();
    else refresh();
  });
  addEventListener("resize", () => dialog.open && viewer.fit());
}
