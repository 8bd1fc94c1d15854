// Find and replace: says in how many drafts before it does it, in the marked rows or in all that are shown.
import { markedRows } from "./marks.js";
import { canEdit, cellOf, saveRows, shownRows } from "./rows.js";

const value = (id) => document.getElementById(id).value;

function found() {
  const [text, field] = [value("replace-find"), value("replace-in")];
  const rows = (markedRows().length ? markedRows() : shownRows()).filter(canEdit);
  return text ? rows.filter((row) => cellOf(row, field).dataset.text.includes(text)) : [];
}

function told() {
  const n = found().length;
  const drafts = `${n} ${n === 1 ? "draft" : "drafts"}`;
  const text = value("replace-find") ? `Found in ${drafts}.` : "Nothing to find yet.";
  document.getElementById("replace-told").textContent = text;
  const go = document.getElementById("replace-go");
  go.disabled = !n;
  go.textContent = n ? `Replace in ${drafts}` : "Replace";
  const marked = markedRows().length;
  document.getElementById("replace-where").textContent = marked ? `In the ${marked} marked` : "In all drafts shown";
}

export function startReplacing() {
  const form = document.getElementById("replace-form");
  form.addEventListener("input", told);
  form.closest("dialog").addEventListener("toggle", told);
  form.addEventListener("submit", () => {
    const [text, field] = [value("replace-find"), value("replace-in")];
    const changed = found().map((row) => ({
      row,
      text: cellOf(row, field).dataset.text.replaceAll(text, () => value("replace-with")),
    }));
    saveRows(field, changed);
  });
}
