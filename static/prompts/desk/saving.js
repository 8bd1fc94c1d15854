// A field saves itself when it is left, with the text that it replaces. What the server answers is written beside it.
import { faultOf, say } from "./messages.js";

const pending = new Set();
const KEPT = 20000; // characters; a browser keeps 64 kB alive, and one may be three bytes
const root = () => document.getElementById("desk");
export const settled = () => Promise.allSettled([...pending]);
export const isSaving = () => pending.size > 0;

export const token = () => JSON.parse(root().getAttribute("hx-headers"))["X-CSRFToken"];

// rows: [{page, text, was}] of one field; the answer's rows, or null when nothing came back.
export function save(field, rows, view = "") {
  const body = JSON.stringify({ field, rows });
  const work = fetch(`${root().dataset.save}${view && `&view=${view}`}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body,
    keepalive: body.length < KEPT, // it goes out even when the page is left at this moment
  })
    .then((answer) => (answer.ok && !answer.redirected ? answer.json() : Promise.reject(answer.status)))
    .catch((status) => {
      say(typeof status === "number" ? faultOf(status) : faultOf(0), { level: "error" });
      return null;
    });
  pending.add(work);
  work.finally(() => pending.delete(work));
  return work;
}

// --- the fields of the draft that is read -----------------------------------------------------

const noteOf = (field) => document.getElementById(`note-${field.dataset.field}`);

export async function saveField(field, was = field.dataset.was) {
  const draft = field.closest("[data-page]");
  const text = field.value;
  if (text === was) return;
  noteOf(field).textContent = "Saving";
  const answer = await save(field.dataset.field, [{ page: Number(draft.dataset.page), text, was }]);
  if (!field.isConnected) return;
  if (answer) show(field, text, answer);
  else note(field, "Not saved.", [["Try again", () => saveField(field, was)]], "bad");
}

function show(field, sent, answer) {
  const [row] = answer.rows;
  const there = row && ["saved", "same"].includes(row.state);
  if (there) {
    field.dataset.was = row.text;
    if (field.value === sent) field.value = row.text;
    note(field, "Saved");
    field.dispatchEvent(new CustomEvent("desk:saved", { bubbles: true }));
  } else if (row?.state === "differs") differs(field, row);
  else note(field, row?.message ?? "This page is gone.", [], "bad");
  field.setAttribute("aria-invalid", String(!there));
  if (!row) return;
  if (row.seen) document.querySelector("#desk-state [name=marks]").value = `${row.page}:${row.seen}`;
  if (row.state !== "gone") document.getElementById("desk-flags").innerHTML = row.html;
  document.getElementById("desk-counts").outerHTML = answer.counts;
}

// Both are told; neither is lost.
function differs(field, row) {
  const theirs = Object.assign(document.createElement("q"), { textContent: row.text, dir: "auto" });
  note(
    field,
    `${row.message} It is now: `,
    [
      ["Keep mine", () => saveField(field, row.text)],
      [
        "Take theirs",
        () => {
          field.value = field.dataset.was = row.text;
          field.dispatchEvent(new Event("desk:taken", { bubbles: true }));
          note(field, "");
        },
      ],
    ],
    "bad",
    theirs,
  );
}

function note(field, text, actions = [], tone = "", after = null) {
  const place = noteOf(field);
  place.className = `note ${tone && `tone-${tone}`}`;
  place.replaceChildren(text, ...(after ? [after] : []));
  for (const [name, act] of actions) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.className = "btn btn--small";
    button.addEventListener("click", act);
    place.append(" ", button);
  }
  if (text) document.getElementById("desk-live").textContent = place.textContent;
}

export function startSaving(root) {
  root.addEventListener("change", ({ target }) => target.matches("[data-field]") && saveField(target));
  root.addEventListener("input", ({ target }) => {
    const count = document.querySelector(`[data-count="${target.dataset.field}"]`);
    if (count) count.textContent = target.value.length;
  });
  // What is decided is decided about the text that is saved, so a request waits for it.
  document.body.addEventListener("htmx:confirm", (event) => {
    if (event.detail.elt.id === "desk-news") return; // which nobody pressed
    leaveField();
    if (!isSaving()) return;
    event.preventDefault();
    settled().then(() => event.detail.issueRequest(true));
  });
  addEventListener("pagehide", leaveField);
}

// Leaving a field saves it, as it does for who tabs on.
export function leaveField() {
  const field = document.activeElement;
  if (field?.matches?.("[data-field], .tags__add")) field.blur();
}
