// New job: a reload, a lost session or a wrong click does not cost the pasted text. It is kept in this tab alone.
const form = document.getElementById("new-job");
const NAME = `new-job ${form.dataset.person} ${location.pathname}${location.search}`;
const box = () => document.getElementById("id_prompts");
const first = box().value; // as the server sends it to who opens the page again

function keep(text) {
  try {
    if (text === first) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, text);
  } catch {
    /* too large for the browser's store, or forbidden: then a reload costs it, as it always did */
  }
}

function kept() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

function put(text) {
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
}

function tell() {
  const note = Object.assign(document.createElement("div"), {
    className: "banner",
    textContent: "These prompts were not sent last time, so they are back. ",
  });
  const undo = Object.assign(document.createElement("button"), {
    type: "button",
    className: "btn",
    textContent: "Discard",
  });
  undo.addEventListener("click", () => {
    put(first);
    note.remove();
    box().focus();
  });
  note.setAttribute("role", "status");
  note.append(undo);
  document.getElementById("form-errors").replaceChildren(note);
}

document.body.addEventListener("input", (event) => event.target === box() && keep(box().value));

// Saved: the answer leads to the job's sheet, beside this page. A lost session leads to the login page, and back.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const next = event.detail.xhr?.getResponseHeader("HX-Redirect") ?? "";
  if (next.startsWith(new URL("../", location.href).pathname)) keep(first);
});

// Not before htmx listens: the price is fetched for what is put back.
document.addEventListener("DOMContentLoaded", () => {
  const text = kept();
  if (text === null || text === box().value) return;
  put(text);
  tell();
});
