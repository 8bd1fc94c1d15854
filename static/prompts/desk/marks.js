// Marked rows, and what is done to all of them.
import { say } from "./messages.js";
import { act, canEdit, cellOf, rowOf, saveRows, sheet, shownRows } from "./rows.js";

export const markedRows = () => shownRows().filter((row) => row.querySelector("[data-mark]").checked);
const ids = (rows) => rows.map((row) => row.dataset.page).join(",");
let last = null;

function told() {
  const rows = markedRows();
  for (const row of shownRows()) {
    const isMarked = row.querySelector("[data-mark]").checked;
    row.classList.toggle("is-on", isMarked);
    row.setAttribute("aria-selected", String(isMarked));
  }
  document.querySelector(".marked__none").hidden = rows.length > 0;
  document.querySelector(".marked__some").hidden = rows.length === 0;
  document.getElementById("marked-count").textContent = rows.length;
  for (const field of document.querySelectorAll("#marked-ids, #marked-ids-too")) field.value = ids(rows);
  const all = document.getElementById("mark-all");
  all.checked = rows.length > 0 && rows.length === shownRows().length;
  all.indeterminate = rows.length > 0 && !all.checked;
}

export function mark(rows, isMarked) {
  for (const row of rows) row.querySelector("[data-mark]").checked = isMarked;
  told();
}

function range(row, isMarked) {
  const rows = shownRows();
  const [from, to] = [rows.indexOf(last ?? row), rows.indexOf(row)].sort((a, b) => a - b);
  mark(rows.slice(Math.max(from, 0), to + 1), isMarked);
}

// The marked rows, or the one that has the focus.
const chosen = () => (markedRows().length ? markedRows() : [rowOf(document.activeElement)].filter(Boolean));

const acts = {
  approve: () => act("approve", { marks: chosen().map((row) => `${row.dataset.page}:${row.dataset.seen}`).join(",") }),
  drop: () => act("drop", { ids: ids(chosen()) }),
  undo: () => act("undo", {}),
};

function addTag(input) {
  const tag = input.value.trim();
  input.value = "";
  if (!tag) return;
  const rows = markedRows().filter(canEdit);
  const withTag = (row) => [cellOf(row, "tags").dataset.text, tag].filter(Boolean).join(", ");
  saveRows("tags", rows.map((row) => ({ row, text: withTag(row) })));
}

export function startMarks(root) {
  root.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches("[data-mark]")) {
      if (event.shiftKey) range(rowOf(target), target.checked);
      last = rowOf(target);
      told();
    }
    if (target.id === "mark-all") mark(shownRows(), target.checked);
    if (target.closest("[data-unmark]")) mark(shownRows(), false);
    const button = target.closest("[data-do]");
    if (button && button.dataset.do !== "undo" && !chosen().length) say("Mark rows first.", { level: "warning" });
    else if (button) acts[button.dataset.do]();
  });
  root.addEventListener("change", ({ target }) => {
    if (target.id === "marked-category") {
      saveRows("category", markedRows().filter(canEdit).map((row) => ({ row, text: target.value })));
      target.selectedIndex = 0;
    }
    if (target.id === "marked-tag") addTag(target);
  });
  root.addEventListener("keydown", (event) => {
    if (event.target.id === "marked-tag" && event.key === "Enter" && !event.ctrlKey) event.target.blur();
  });
  document.addEventListener("desk:rows", told);
  sheet().addEventListener("desk:mark", ({ target }) => {
    const row = rowOf(target);
    mark([row], !row.querySelector("[data-mark]").checked);
  });
}
