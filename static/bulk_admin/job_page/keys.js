// Keys work anywhere on the page: the screen that is on top registered what they do.
import { openModal } from "./dialogs.js";
import { COMPARE, GRID, KEYS, ZOOM, isSingle, keyOf, signsOf } from "./keymap.js";

const screens = new Map(); // name -> { isOpen, does, isReady }
const WHERE = { [GRID]: "On this page:", [ZOOM]: "In zoom:", [COMPARE]: "In compare:" };
let root;

// `does`: name in the table -> function. `isReady`: whether what is to be judged is on the screen.
export function register(name, { isOpen, does, isReady = () => true }) {
  screens.set(name, { isOpen, does, isReady });
}

// What another module adds to a screen: compare opens from the grid and from zoom.
export function alsoDoes(name, more) {
  Object.assign(screens.get(name).does, more);
}

const isAsked = () => document.querySelector("dialog.ask[open]") !== null; // it has the keys to itself
const top = () => (isAsked() ? null : [COMPARE, ZOOM, GRID].find((name) => screens.get(name)?.isOpen()));
const hasRight = ({ needs }) => !needs || Boolean(root.dataset[needs === "spend" ? "canSpend" : "canAct"]);
const allows = (key) => root.dataset.singleKeys === "on" || !isSingle(key);
const isThere = (name, { on, does }) => on.includes(name) && (does === "help" || does in screens.get(name).does);
const rowsOf = (name) => KEYS.filter((row) => isThere(name, row) && hasRight(row));

const WRITES = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
const PRESSES = "button, a[href], summary, input, label";

// A field takes every key. What can be pressed keeps Space and Enter, but a picture has its own meaning of them.
function isTaken(event, key) {
  const { target } = event;
  if (target.matches(WRITES)) return true;
  return ["Space", "Enter"].includes(key) && target.closest(PRESSES) && !target.classList.contains("face");
}

function press(event) {
  const key = keyOf(event);
  const name = top();
  if (event.defaultPrevented || !name || !allows(key) || isTaken(event, key)) return;
  const row = rowsOf(name).find(({ keys }) => keys.includes(key));
  if (!row) return;
  event.preventDefault();
  if (event.repeat && !row.repeats) return; // a key that is held: a re-roll costs money
  const screen = screens.get(name);
  if (row.does === "help") showHelp();
  else if (!row.judges || screen.isReady()) screen.does[row.does](key);
}

export function showHelp() {
  const name = top();
  if (!name) return;
  document.getElementById("help-where").textContent = WHERE[name];
  document.getElementById("help-keys").replaceChildren(...rowsOf(name).map(lineOf).filter(Boolean));
  openModal(document.getElementById("help"));
}

function lineOf({ keys, says }) {
  const usable = keys.filter(allows);
  if (!usable.length) return null;
  const line = document.createElement("div");
  const term = document.createElement("dt");
  usable.forEach((key, at) => {
    if (at) term.append(" or ");
    signsOf(key).forEach((sign, part) => {
      if (part) term.append(" + ");
      term.append(Object.assign(document.createElement("kbd"), { textContent: sign }));
    });
  });
  line.append(term, Object.assign(document.createElement("dd"), { textContent: says }));
  return line;
}

export function startKeys(element) {
  root = element;
  document.addEventListener("keydown", press);
  document.getElementById("open-help").addEventListener("click", showHelp);
  root.addEventListener("keydown", (event) => {
    // Browsers click a button again and again while Enter is held on it.
    if (event.key === "Enter" && event.repeat && event.target.tagName === "BUTTON") event.preventDefault();
  });
}
