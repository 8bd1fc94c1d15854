// The one table of keys: the help is made of it, and what handles a key asks it.
export const GRID = "grid";
export const ZOOM = "zoom";
export const COMPARE = "compare";
const EVERYWHERE = [GRID, ZOOM, COMPARE];

// `does` names what a screen registers; a row is true, and told, on a screen that registered it. `needs`: a right of
// the person's. `judges`: it acts on a picture, which must be on the screen. `repeats`: a key that is held goes on.
export const KEYS = [
  { does: "previous", keys: ["ArrowLeft", "k"], says: "previous picture", on: [GRID, ZOOM], repeats: true },
  { does: "next", keys: ["ArrowRight", "j"], says: "next picture", on: [GRID, ZOOM], repeats: true },
  { does: "previousPrompt", keys: ["ArrowLeft", "k"], says: "previous prompt with variants", on: [COMPARE] },
  { does: "nextPrompt", keys: ["ArrowRight", "j"], says: "next prompt with variants", on: [COMPARE] },
  { does: "above", keys: ["ArrowUp"], says: "the picture above", on: [GRID], repeats: true },
  { does: "below", keys: ["ArrowDown"], says: "the picture below", on: [GRID], repeats: true },
  { does: "first", keys: ["Home"], says: "first picture", on: [GRID, ZOOM] },
  { does: "last", keys: ["End"], says: "last picture", on: [GRID, ZOOM] },
  { does: "keep", keys: ["p"], says: "keep, then go on", on: [GRID, ZOOM], needs: "act", judges: true },
  { does: "drop", keys: ["x"], says: "drop, then go on", on: [GRID, ZOOM], needs: "act", judges: true },
  {
    does: "keepAlone",
    keys: ["Shift+P"],
    says: "keep this one, drop the other variants of its prompt, then go on",
    on: [GRID, ZOOM],
    needs: "act",
    judges: true,
  },
  { does: "toggle", keys: ["Space"], says: "keep or drop", on: [GRID, ZOOM], needs: "act", judges: true },
  { does: "undo", keys: ["u", "Ctrl+Z"], says: "undo your last decision in this job", on: EVERYWHERE, needs: "act" },
  { does: "markBack", keys: ["Shift+ArrowLeft"], says: "mark the one before too", on: [GRID], repeats: true },
  { does: "markOn", keys: ["Shift+ArrowRight"], says: "mark the next one too", on: [GRID], repeats: true },
  { does: "markUp", keys: ["Shift+ArrowUp"], says: "mark up to the one above", on: [GRID], repeats: true },
  { does: "markDown", keys: ["Shift+ArrowDown"], says: "mark down to the one below", on: [GRID], repeats: true },
  { does: "unmark", keys: ["Escape"], says: "forget the marks", on: [GRID] },
  { does: "zoom", keys: ["z", "Enter"], says: "zoom", on: [GRID], judges: true },
  { does: "actualOrFit", keys: ["z"], says: "its own size, or fitted", on: [ZOOM, COMPARE] },
  { does: "larger", keys: ["+", "="], says: "larger", on: [ZOOM, COMPARE], repeats: true },
  { does: "smaller", keys: ["-"], says: "smaller", on: [ZOOM, COMPARE], repeats: true },
  { does: "fit", keys: ["0"], says: "fitted", on: [ZOOM, COMPARE] },
  { does: "close", keys: ["Escape"], says: "back to where you were", on: [ZOOM, COMPARE] },
  { does: "compare", keys: ["c"], says: "compare variants, or what is marked", on: [GRID, ZOOM], judges: true },
  {
    does: "keepOfFour",
    keys: ["1", "2", "3", "4"],
    says: "keep that one, drop the other variants of its prompt",
    on: [COMPARE],
    needs: "act",
  },
  {
    does: "toggleOfFour",
    keys: ["Shift+1", "Shift+2", "Shift+3", "Shift+4"],
    says: "keep or drop that one alone",
    on: [COMPARE],
    needs: "act",
  },
  {
    does: "reroll",
    keys: ["r"],
    says: "one more picture, which costs money",
    on: [GRID, ZOOM],
    needs: "spend",
    judges: true,
  },
  {
    does: "edit",
    keys: ["e"],
    says: "edit the prompt for one more picture",
    on: [GRID, ZOOM],
    needs: "spend",
    judges: true,
  },
  { does: "copy", keys: ["y"], says: "copy the prompt", on: [GRID, ZOOM] },
  { does: "find", keys: ["/"], says: "find in the prompts", on: [GRID] },
  { does: "help", keys: ["?"], says: "this list", on: EVERYWHERE },
];

// As the table writes it. With digits the place counts: what Shift makes of them is another matter on each keyboard.
export function keyOf(event) {
  if (event.altKey) return "";
  const digit = /^(?:Digit|Numpad)([1-4])$/.exec(event.code)?.[1];
  const name = event.key === " " ? "Space" : event.key;
  if (event.ctrlKey || event.metaKey) return event.shiftKey ? "" : `Ctrl+${name.toUpperCase()}`;
  if (digit) return event.shiftKey ? `Shift+${digit}` : digit;
  if (event.shiftKey && /^[a-z]$/i.test(name)) return `Shift+${name.toUpperCase()}`;
  if (event.shiftKey && name.length > 1) return `Shift+${name}`;
  return name.length === 1 ? name.toLowerCase() : name;
}

export const isSingle = (key) => key.length === 1 || /^Shift\+.$/.test(key);

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
export const signsOf = (key) =>
  (key.length === 1 ? [key] : key.split("+")).map(
    (part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part),
  );
