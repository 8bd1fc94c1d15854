// New job: what the server cannot do. A dropped file, counters, and a form that is too large to send.
const page = document.querySelector(".desk");
const form = () => document.getElementById("new-job");
const ALERT = "errornote";

function tell(text) {
  const note = Object.assign(document.createElement("div"), { className: ALERT, tabIndex: -1 });
  note.setAttribute("role", "alert");
  note.append(Object.assign(document.createElement("p"), { textContent: text }));
  document.getElementById("form-errors").replaceChildren(note);
  note.focus();
}

function dropTarget(event) {
  return event.target.closest?.("#div_id_prompts, #div_id_file");
}

function startDropping() {
  page.addEventListener("dragover", (event) => {
    const place = dropTarget(event);
    if (!place || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    place.classList.add("over");
  });
  page.addEventListener("dragleave", (event) => dropTarget(event)?.classList.remove("over"));
  page.addEventListener("drop", (event) => {
    const place = dropTarget(event);
    if (!place || !event.dataTransfer.files.length) return;
    event.preventDefault();
    place.classList.remove("over");
    const input = document.getElementById("id_file");
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  });
}

function startCounters() {
  const count = (field) => {
    const label = document.querySelector(`label[for="${field.id}"]`);
    const shown =
      label.querySelector(".counter") ??
      label.appendChild(Object.assign(document.createElement("span"), { className: "counter" }));
    shown.textContent = `${field.value.length} of ${field.maxLength}`;
    shown.classList.toggle("full", field.value.length >= field.maxLength);
  };
  const all = () => page.querySelectorAll("textarea[data-counter]").forEach(count);
  page.addEventListener("input", (event) => event.target.matches("textarea[data-counter]") && count(event.target));
  page.addEventListener("htmx:afterSettle", all);
  all();
}

function tooLarge() {
  const text = new TextEncoder().encode(document.getElementById("id_prompts").value).length;
  return text > Number(form().dataset.mostBytes) - 100_000;
}

// An answer brings a new, empty file field: what was chosen in the old one is carried over to it.
function startKeepingTheFile() {
  let chosen = null;
  page.addEventListener("htmx:beforeSwap", (event) => {
    chosen = event.detail.target === form() ? document.getElementById("id_file").files : null;
  });
  page.addEventListener("htmx:afterSwap", () => {
    if (chosen?.length) document.getElementById("id_file").files = chosen;
    chosen = null;
  });
}

function startSending() {
  page.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form() && event.target.id !== "quote") return;
    if (!tooLarge()) return;
    event.preventDefault();
    tell(
      "This text is too large for the server. Put the prompts in a file of at most 2 MB, or split them. " +
        "Nothing was sent; your text is still here.",
    );
  });
  // A wrong answer never replaces the form: the text in it is all there is.
  for (const fault of ["htmx:responseError", "htmx:sendError"]) {
    page.addEventListener(fault, (event) => {
      if (event.target !== form()) return;
      const status = event.detail.xhr.status;
      const why =
        status === 403
          ? "Your session has ended, or you do not have permission."
          : status
            ? `The server could not take the form (${status}).`
            : "The server cannot be reached.";
      tell(`${why} Nothing was saved; your text is still here.`);
    });
  }
  document.body.addEventListener("htmx:afterSettle", () => document.querySelector(`#form-errors .${ALERT}`)?.focus());
}

startDropping();
startCounters();
startKeepingTheFile();
startSending();
document.querySelector(`#form-errors .${ALERT}`)?.focus();
