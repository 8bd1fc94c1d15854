// New job: a reload, a lost session or a wrong click costs neither the pasted text nor the file. They are kept in
// this tab alone.
const form = document.getElementById("new-job");
const NAME = `new-job ${form.dataset.person} ${location.pathname}${location.search}`;
const FILE = `${NAME} file`;
const LARGEST = 2 * 1024 * 1024; // the server takes no larger file
const box = () => document.getElementById("id_prompts");
const field = () => document.getElementById("id_file");
const first = box().value; // as the server sends it to who opens the page again

function keep(name, text) {
  try {
    if (text === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, text);
  } catch {
    /* too large for the browser's store, or forbidden: then a reload costs it, as it always did */
  }
}

function kept(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

const keepText = (text) => keep(NAME, text === first ? null : text);

function keepFile(file) {
  keep(FILE, null);
  if (!file || file.size > LARGEST) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    if (field().files[0] === file) keep(FILE, JSON.stringify({ name: file.name, url: reader.result }));
  });
  reader.readAsDataURL(file);
}

function put(element, property, value) {
  element[property] = value;
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

const putText = (text) => put(box(), "value", text);

function putFile({ name, url }) {
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (char) => char.charCodeAt(0));
  const one = new DataTransfer();
  one.items.add(new File([bytes], name));
  put(field(), "files", one.files);
}

function tell(what) {
  const note = Object.assign(document.createElement("div"), { className: "banner", textContent: `${what} ` });
  const undo = Object.assign(document.createElement("button"), {
    type: "button",
    className: "btn",
    textContent: "Discard",
  });
  undo.addEventListener("click", () => {
    put(field(), "value", "");
    putText(first);
    note.remove();
    box().focus();
  });
  note.setAttribute("role", "status");
  note.append(undo);
  document.getElementById("form-errors").replaceChildren(note);
}

document.body.addEventListener("input", (event) => {
  if (event.target === box()) keepText(box().value);
  if (event.target === field()) keepFile(field().files[0]);
});

// Saved: the answer leads to the job's sheet, beside this page. A lost session leads to the login page, and back.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const next = event.detail.xhr?.getResponseHeader("HX-Redirect") ?? "";
  if (!next.startsWith(new URL("../", location.href).pathname)) return;
  keepText(first);
  keepFile(null);
});

// Not before htmx listens: the price is fetched for what is put back.
document.addEventListener("DOMContentLoaded", () => {
  const [text, file] = [kept(NAME), JSON.parse(kept(FILE))];
  const isTextBack = text !== null && text !== box().value;
  if (file) putFile(file);
  if (isTextBack) putText(text);
  if (isTextBack) tell(`These prompts were not sent last time, so they are back${file ? ", and so is the file" : ""}.`);
  else if (file) tell(`${file.name} was not sent last time, so it is chosen again.`);
});
