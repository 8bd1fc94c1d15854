// The table's rows: what they hold, and what becomes of them when the server has answered.
import { faultOf, say } from "./messages.js";
import { save, token } from "./saving.js";

export const sheet = () => document.getElementById("sheet");
export const rowOf = (element) => element?.closest?.("tr[data-page]");
export const shownRows = () => [...sheet().tBodies[0].rows];
export const cellOf = (row, field) => row.querySelector(`[data-cell="${field}"]`);
export const canEdit = (row) => row.hasAttribute("data-can-edit");

// The focus and the mark of a row outlive its new HTML.
function put(row) {
  const old = document.getElementById(`row-${row.page}`);
  if (!old || !row.html) return;
  const editing = old.querySelector(".is-editing");
  const field = old.contains(document.activeElement) ? document.activeElement.closest("[data-cell]")?.dataset.cell : "";
  const isMarked = old.querySelector("[data-mark]").checked;
  const body = document.createElement("template");
  body.innerHTML = row.html.trim();
  const fresh = body.content.firstElementChild;
  if (editing) around(editing, fresh);
  else old.replaceWith(fresh);
  document.getElementById(`row-${row.page}`).querySelector("[data-mark]").checked = isMarked;
  if (field && !editing) focusCell(cellOf(fresh, field));
}

// A cell that is being edited stays as it is, in a row that is new around it.
function around(editing, fresh) {
  const old = editing.parentElement;
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  const cells = [...fresh.cells];
  [...old.cells].forEach((cell, n) => cell !== editing && cell.replaceWith(cells[n]));
}

export function focusCell(cell) {
  sheet().querySelector("[data-cell][tabindex='0']")?.setAttribute("tabindex", "-1");
  cell?.setAttribute("tabindex", "0");
  cell?.focus();
}

function show(answer) {
  answer.rows.forEach(put);
  document.getElementById("desk-counts").outerHTML = answer.counts;
  const place = document.getElementById("desk-publish");
  place.innerHTML = answer.publish;
  htmx.process(place); // eslint-disable-line no-undef
  document.dispatchEvent(new Event("desk:rows"));
}

// changes: [{row, text}] of one field; each carries the text that it replaces. Says what was not saved.
export async function saveRows(field, changes) {
  const rows = changes.map(({ row, text }) => ({
    page: Number(row.dataset.page),
    text,
    was: cellOf(row, field).dataset.text,
  }));
  if (!rows.length) return null;
  const answer = await save(field, rows, "table");
  if (!answer) return null;
  show(answer);
  const left = answer.rows.filter(({ state }) => !["saved", "same"].includes(state));
  const saved = answer.rows.filter(({ state }) => state === "saved").length;
  if (left.length) say(`${saved} saved. ${left.length} not: ${told(left[0])}`, { level: "warning" });
  else if (saved) say(saved === 1 ? "Saved." : `${saved} saved.`, { undo: true });
  return answer;
}

const told = (row) => (row.state === "differs" ? `${row.message} It is now “${row.text}”.` : row.message);

export async function act(what, fields) {
  const { address, query } = sheet().dataset;
  const answer = await fetch(`${address}${what}/?${query}`, {
    method: "POST",
    headers: { "X-CSRFToken": token() },
    body: new URLSearchParams(fields),
  }).catch(() => null);
  if (!answer?.ok || answer.redirected) return say(faultOf(answer?.status), { level: "error" });
  const found = await answer.json();
  show(found);
  say(found.text, { undo: found.undo });
}
