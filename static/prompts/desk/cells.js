// Cells: arrows move, Enter edits, and leaving a cell saves it.
import { markedRows } from "./marks.js";
import { canEdit, cellOf, focusCell, rowOf, saveRows, sheet, shownRows } from "./rows.js";

const cells = () => [...sheet().querySelectorAll("[data-cell]")].filter((cell) => cell.checkVisibility());
const fieldsShown = () => [...new Set(cells().map((cell) => cell.dataset.cell))];
const HINT = "Enter saves · Tab next cell · Ctrl D fills down · Esc leaves";

function step(cell, down, across) {
  const [rows, fields] = [shownRows(), fieldsShown()];
  const row = rows[Math.min(Math.max(rows.indexOf(rowOf(cell)) + down, 0), rows.length - 1)];
  const field = fields[Math.min(Math.max(fields.indexOf(cell.dataset.cell) + across, 0), fields.length - 1)];
  return cellOf(row, field);
}

// The next cell to the right, and after the last one the next row's first.
function following(cell, by) {
  const all = cells();
  return all[all.indexOf(cell) + by] ?? cell;
}

function edit(cell) {
  if (!canEdit(rowOf(cell)) || cell.querySelector(".cell")) return;
  const kept = [...cell.childNodes];
  const editor = editorOf(cell);
  const hint = Object.assign(document.createElement("p"), { className: "cell__hint", textContent: HINT });
  cell.replaceChildren(editor, hint);
  cell.classList.add("is-editing");
  editor.focus();
  editor.select?.();
  // One way out: with the new text, or as it was.
  let isOpen = true;
  editor.leave = (text) => {
    if (!isOpen) return null;
    isOpen = false;
    cell.classList.remove("is-editing");
    cell.replaceChildren(...kept);
    if (text === null || text === cell.dataset.text) return null;
    return saveRows(cell.dataset.cell, [{ row: rowOf(cell), text }]);
  };
  editor.addEventListener("blur", () => editor.leave(editor.value));
}

function editorOf(cell) {
  if (cell.dataset.cell === "category") {
    const select = document.getElementById("categories").content.firstElementChild.cloneNode(true);
    select.value = cell.dataset.text;
    return select;
  }
  const area = document.createElement("textarea");
  Object.assign(area, { className: "cell", rows: 2, value: cell.dataset.text });
  area.setAttribute("aria-label", cell.dataset.name);
  return area;
}

// Into the marked rows below, or into the next one.
async function fillDown(cell, text) {
  const rows = shownRows();
  const below = rows.slice(rows.indexOf(rowOf(cell)) + 1).filter(canEdit);
  const marked = new Set(markedRows());
  const into = below.some((row) => marked.has(row)) ? below.filter((row) => marked.has(row)) : below.slice(0, 1);
  await saveRows(cell.dataset.cell, into.map((row) => ({ row, text })));
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], j: [1, 0], k: [-1, 0] };

function onCell(event) {
  const cell = event.target;
  if (event.ctrlKey || event.metaKey) {
    if (event.key !== "d") return;
    event.preventDefault();
    fillDown(cell, cell.dataset.text);
  } else if (MOVES[event.key]) focusCell(step(cell, ...MOVES[event.key]));
  else if (["Enter", "F2"].includes(event.key)) edit(cell);
  else if (event.key === " ") cell.dispatchEvent(new Event("desk:mark", { bubbles: true }));
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function onEditor(event) {
  const editor = event.target;
  const cell = editor.closest("[data-cell]");
  const { id } = rowOf(cell);
  const again = () => cellOf(document.getElementById(id), cell.dataset.cell);
  const leave = (text, next) => {
    event.preventDefault();
    event.stopPropagation();
    focusCell(next);
    editor.leave(text);
    return next;
  };
  const withCtrl = event.ctrlKey || event.metaKey;
  if (event.key === "Escape") leave(null, cell);
  else if (event.key === "Tab") edit(leave(editor.value, following(cell, event.shiftKey ? -1 : 1)));
  else if (event.key === "Enter" && !event.shiftKey) leave(editor.value, withCtrl ? step(cell, 1, 0) : cell);
  else if (withCtrl && event.key === "d") {
    const text = editor.value;
    event.preventDefault();
    Promise.resolve(editor.leave(text)).then(() => fillDown(again(), text));
  }
}

export function startCells() {
  const table = sheet();
  table.querySelector("[data-cell]")?.setAttribute("tabindex", "0");
  table.addEventListener("keydown", (event) => {
    if (event.target.matches("[data-cell]")) onCell(event);
    else if (event.target.matches(".cell")) onEditor(event);
  });
  table.addEventListener("click", ({ target }) => {
    const cell = target.closest("[data-cell]");
    if (!cell || target.closest("a, .cell")) return;
    focusCell(cell);
    edit(cell);
  });
}
