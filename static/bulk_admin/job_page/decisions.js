// Keep, drop and undo: shown at once, sent in the order of the presses, one request at a time. The server has the last
// word: a tile shows what it said, but for the steps that it has not confirmed yet.
import { sayUntilItWorks, tell, toast } from "./messages.js";
import { idOf, isDone, nameOf, tileWith } from "./tiles.js";

export const KEPT = "kept";
export const DROPPED = "dropped";
export const TO_DECIDE = "to-decide";
const A_REQUEST = 50; // steps; the server takes 200

let root;
let steps = []; // not confirmed yet, in order: { states: Map of id -> state, body }
let mine = []; // what undo would show next: Map of id -> the state before; only this page's own
let isSending = false;
let whenSaved = () => {}; // told the tiles

export function decisionOf(tile) {
  const id = idOf(tile);
  return steps.findLast(({ states }) => states.has(id))?.states.get(id) ?? tile.dataset.decision;
}

export const isKept = (tile) => decisionOf(tile) === KEPT;
const WORDS = { [KEPT]: "Kept", [DROPPED]: "Dropped", [TO_DECIDE]: "To decide" };

function paint(tile) {
  if (!isDone(tile)) return;
  const decision = decisionOf(tile);
  for (const state of [KEPT, DROPPED, TO_DECIDE]) tile.classList.toggle(state, state === decision);
  tile.querySelector(".mark").textContent = WORDS[decision];
  for (const [name, state] of [["keep", KEPT], ["drop", DROPPED]])
    document.getElementById(`${name}-${idOf(tile)}`)?.setAttribute("aria-pressed", String(decision === state));
}

// The server's counts, and what is to be added for what it has not confirmed.
function recount() {
  const added = {};
  const touched = new Set(steps.flatMap(({ states }) => [...states.keys()]));
  for (const tile of [...touched].map(tileWith).filter((each) => each && isDone(each))) {
    added[tile.dataset.decision] = (added[tile.dataset.decision] ?? 0) - 1;
    added[decisionOf(tile)] = (added[decisionOf(tile)] ?? 0) + 1;
  }
  for (const place of root.querySelectorAll("[data-count]"))
    place.textContent = Number(place.dataset.of) + (added[place.dataset.count] ?? 0);
}

// After tiles came or changed.
export function repaint(tiles) {
  for (const tile of tiles) paint(tile);
  recount();
}

function repaintStepsOf(some) {
  const touched = [...new Set(some.flatMap(({ states }) => [...states.keys()]))].map(tileWith).filter(Boolean);
  repaint(touched);
  return touched;
}

async function send() {
  if (isSending) return;
  isSending = true;
  while (steps.length) {
    const batch = steps.slice(0, A_REQUEST);
    const ok = await post(batch.map(({ body }) => body));
    // What was pressed after a step that failed was pressed on what that step would have shown.
    const done = ok ? batch : steps;
    steps = steps.slice(done.length);
    if (!ok) mine = [];
    whenSaved(repaintStepsOf(done));
  }
  isSending = false;
}

// The answer is swapped before the steps are forgotten, so that no older tile shows through.
async function post(bodies) {
  let ok = false;
  let isTold = false;
  const note = (event) => {
    if (event.detail.pathInfo.requestPath !== root.dataset.decide) return;
    ok = event.detail.successful;
    isTold = [403, 404].includes(event.detail.xhr.status); // with what to do: trying again would not help
  };
  document.body.addEventListener("htmx:afterRequest", note);
  try {
    await window.htmx.ajax("POST", root.dataset.decide, {
      source: root,
      target: "#job-live",
      swap: "innerHTML",
      values: { steps: JSON.stringify(bodies) },
    });
  } catch {
    ok = false;
  }
  document.body.removeEventListener("htmx:afterRequest", note);
  if (!ok && !isTold) sayUntilItWorks("That was not saved. Try again.");
  return ok;
}

function push(states, body) {
  const step = { states, body };
  steps.push(step);
  repaintStepsOf([step]);
  send();
}

// `changes`: pairs of a tile and whether to keep it; one step. Returns how many changed.
export function decide(changes) {
  const wanted = changes
    .map(([tile, keep]) => [tile, keep ? KEPT : DROPPED])
    .filter(([tile, state]) => isDone(tile) && decisionOf(tile) !== state && root.dataset.canAct);
  if (!wanted.length) return 0;
  mine.push(new Map(wanted.map(([tile]) => [idOf(tile), decisionOf(tile)])));
  const ids = (state) => wanted.filter(([, each]) => each === state).map(([tile]) => idOf(tile)).join(",");
  push(new Map(wanted.map(([tile, state]) => [idOf(tile), state])), { keep: ids(KEPT), drop: ids(DROPPED) });
  speak(wanted);
  return wanted.length;
}

function speak(wanted) {
  const [[tile, state]] = wanted;
  if (wanted.length === 1) {
    tell(`${nameOf(tile)}: ${WORDS[state].toLowerCase()}.`);
    return;
  }
  const parts = [KEPT, DROPPED].map((each) => [wanted.filter(([, one]) => one === each).length, each]);
  toast(parts.filter(([count]) => count).map((part) => part.join(" ")).join(", "), { undo });
}

// The server undoes this person's last step here, from whatever page it came; what was this page's shows at once.
export function undo() {
  if (!root.dataset.canAct) return;
  push(mine.pop() ?? new Map(), "undo");
}

export function startDecisions(element, told) {
  root = element;
  whenSaved = told;
  // A step that another part of the page did: undo takes it back first, and shows nothing before the answer.
  document.body.addEventListener("bulk:say", ({ detail }) => {
    if (detail.undo) mine.push(new Map());
  });
}
