// What keys and clicks do in the grid.
import { copyPrompt, pressTile } from "./actions.js";
import { compareChosen } from "./compare.js";
import { chosen, current, goTo, isActedOn, markTo, marked, setCurrent, step, unmark } from "./current.js";
import { decide, isKept, undo } from "./decisions.js";
import { applyFilter } from "./filter.js";
import { GRID } from "./keymap.js";
import { register } from "./keys.js";
import { say } from "./messages.js";
import { faceOf, isDone, shown, siblingsOf, tileOf } from "./tiles.js";

const columns = () => getComputedStyle(document.getElementById("grid")).gridTemplateColumns.split(" ").length;
const nothingTo = (verb, tile) =>
  ["wait", "run"].includes(tile.dataset.state)
    ? `Not made yet: nothing to ${verb}.`
    : `No picture here: nothing to ${verb}.`;

// One step for all of them; the answer is the last one, or null when there is nothing to decide. Shared with zoom.
function judge(verb, keep) {
  const all = chosen();
  const done = all.filter(isDone);
  if (!done.length) {
    say(nothingTo(verb, all[0]), "warning");
    return null;
  }
  decide(done.map((tile) => [tile, keep(tile)]));
  return all.at(-1);
}

const onward = (tile) => {
  if (!tile) return null;
  unmark();
  return step(tile, 1) ?? tile;
};

// Each answers the tile to go to, or null to stay.
export const judging = {
  keep: () => onward(judge("keep", () => true)),
  drop: () => onward(judge("drop", () => false)),
  toggle: () => {
    judge("keep", (tile) => !isKept(tile));
    return null;
  },
  keepAlone: () => {
    const tile = current();
    if (!isDone(tile)) {
      say(nothingTo("keep", tile), "warning");
      return null;
    }
    decide(siblingsOf(tile).filter(isDone).map((each) => [each, each === tile]));
    const visible = shown();
    const isOther = (each) => each.dataset.position !== tile.dataset.position;
    return visible.slice(visible.indexOf(tile)).find(isOther) ?? null;
  },
};

const moves = {
  previous: () => step(current(), -1),
  next: () => step(current(), 1),
  above: () => step(current(), -columns()),
  below: () => step(current(), columns()),
  first: () => shown()[0],
  last: () => shown().at(-1),
};
const going = (move) => () => {
  unmark();
  goTo(move() ?? current());
};
const marking = (move) => () => markTo(move() ?? current());
const each = (table, wrap) => Object.fromEntries(Object.entries(table).map(([name, act]) => [name, wrap(act)]));

const isModal = () => document.querySelector("dialog[open]") !== null;

export function startGrid(root) {
  const grid = document.getElementById("grid");
  register(GRID, {
    isOpen: () => !isModal(),
    isReady: isActedOn,
    does: {
      ...each(moves, going),
      ...each(judging, (act) => () => {
        const judged = [...chosen(), ...siblingsOf(current())];
        goTo(act());
        applyFilter(judged);
      }),
      markBack: marking(moves.previous),
      markOn: marking(moves.next),
      markUp: marking(moves.above),
      markDown: marking(moves.below),
      unmark,
      undo,
      zoom: () => isDone(current()) && faceOf(current()).click(),
      reroll: () => pressTile(current(), "reroll"),
      edit: () => pressTile(current(), "edit"),
      compare: compareChosen,
      copy: () => current() && copyPrompt(current()),
      find: () => document.getElementById("find").focus(),
    },
  });
  grid.addEventListener("focusin", (event) => {
    const tile = tileOf(event.target);
    if (tile) setCurrent(tile);
  });
  grid.addEventListener("click", (event) => {
    const does = event.target.closest("[data-does]")?.dataset.does;
    const tile = tileOf(event.target);
    if (!tile) return;
    if (event.shiftKey && does === "zoom") {
      event.stopPropagation(); // it marks, and does not zoom
      markTo(tile);
      return;
    }
    if (!marked().includes(tile)) unmark();
    setCurrent(tile);
    if (does === "keep" || does === "drop") decide([[tile, does === "keep"]]);
    if (does === "copy") copyPrompt(tile);
  });
  root.addEventListener("click", (event) => {
    if (event.target.closest("#undo")) undo();
  });
  grid.addEventListener("mousedown", (event) => {
    if (event.shiftKey) event.preventDefault(); // no text is selected between the ends
  });
}
