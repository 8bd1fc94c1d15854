// The review sheet: one listener for a thousand rows. Ticks are sent as the wanted state, in the order they were made.
const sheet = document.getElementById("sheet");
const rows = document.getElementById("sheet-rows");
let last = null;

const post = (url, values) => htmx.ajax("POST", url, { source: rows, swap: "none", values });

function range(from, to) {
  const boxes = [...rows.querySelectorAll(".tick input")].filter((box) => box.checkVisibility());
  const ends = [from, to].map((id) => boxes.findIndex((box) => box.id === id));
  return ends.includes(-1) ? [] : boxes.slice(Math.min(...ends), Math.max(...ends) + 1);
}

// The next row that the view shows, or the one before when it was the last.
function below(box) {
  const boxes = [...rows.querySelectorAll(".tick input")].filter((each) => each.checkVisibility());
  const at = boxes.indexOf(box);
  return boxes[at + 1] ?? boxes[at - 1];
}

rows.addEventListener("click", (event) => {
  const box = event.target.closest(".tick input");
  if (box) {
    const boxes = event.shiftKey && last ? range(last, box.id) : [];
    const changed = boxes.length ? boxes : [box];
    changed.forEach((each) => {
      each.checked = box.checked;
    });
    last = box.id;
    const next = below(box)?.id;
    post(sheet.dataset.include, {
      ids: changed.map((each) => each.dataset.id).join(","),
      wanted: box.checked ? "1" : "0",
    }).then(() => {
      if (!document.getElementById(box.id)?.checkVisibility()) document.getElementById(next)?.focus();
    });
    return;
  }
  const edit = event.target.closest("[data-edit]");
  if (edit) fetchRow(edit.dataset.edit, edit.closest("tr"));
  const cancel = event.target.closest("[data-cancel]");
  if (cancel) fetchRow(cancel.dataset.cancel, cancel.closest("tr"));
});

function fetchRow(url, row) {
  const { id } = row;
  htmx.ajax("GET", url, { source: row, target: row, swap: "outerHTML" }).then(() => {
    const now = document.getElementById(id);
    (now?.querySelector("textarea") ?? now?.querySelector(".prompt"))?.focus();
  });
}

rows.addEventListener("keydown", (event) => {
  const form = event.target.closest("tr.editing form");
  if (!form) return;
  if (event.key === "Escape") form.querySelector("[data-cancel]").click();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

sheet.addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  if (chip) {
    sheet.dataset.show = chip.dataset.show;
    press();
  }
  const button = event.target.closest("[data-fix]");
  if (button) fix(button);
});

// One row or, without ids, every row with the flag. An open edit would be lost in the answer.
function fix(button) {
  const open = [...rows.querySelectorAll("tr.editing form")].find(unsaved);
  if (open) {
    holdUp(open);
    return;
  }
  const { fix: flag, ids } = button.dataset;
  const row = button.closest("tr")?.id;
  post(sheet.dataset.fixUrl, ids ? { flag, ids } : { flag }).then(() => {
    const edit = row && document.getElementById(row)?.querySelector(".prompt");
    (edit?.checkVisibility() ? edit : document.getElementById(`show-${sheet.dataset.show}`)).focus();
  });
}

function press() {
  sheet
    .querySelectorAll(".chip")
    .forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.show === sheet.dataset.show)));
}

// A saved row takes the focus back, so that the next key goes on from there.
let saving = "";
rows.addEventListener("htmx:beforeRequest", (event) => {
  saving = event.target.matches("tr.editing form") ? event.target.closest("tr").id : "";
});
document.body.addEventListener("htmx:afterSettle", () => {
  const row = saving && document.getElementById(saving);
  if (!row || row.contains(document.activeElement)) return;
  saving = "";
  (row.querySelector("textarea") ?? row.querySelector(".prompt"))?.focus();
});

// Fresh chips and a fresh bill come with every answer.
document.body.addEventListener("htmx:oobAfterSwap", press);
document.body.addEventListener("htmx:afterSettle", () => {
  document.getElementById("sheet-say").textContent = document.getElementById("generate")?.textContent.trim() ?? "";
});

for (const fault of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(fault, () => {
    const list =
      document.querySelector("ul.messagelist") ??
      Object.assign(document.createElement("ul"), { className: "messagelist" });
    const item = Object.assign(document.createElement("li"), {
      className: "error",
      textContent: "That was not saved. Reload the page to see the current state.",
    });
    item.setAttribute("role", "alert");
    list.replaceChildren(item);
    document.getElementById("content-start").prepend(list);
  });
}

// A refused text is not saved either, though the server sent it back as it is.
const unsaved = (form) =>
  form.querySelector("textarea").value !== form.querySelector("textarea").defaultValue ||
  form.querySelector(".errornote:not(.held)");

function holdUp(form) {
  const number = form.closest("tr").querySelector(".n").textContent.trim();
  const note =
    form.querySelector(".errornote") ?? Object.assign(document.createElement("p"), { className: "errornote held" });
  note.setAttribute("role", "alert");
  note.textContent = `Row ${number} is still being edited: save it or undo it first.`;
  form.querySelector("textarea").before(note);
  form.querySelector("textarea").focus();
}

sheet.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  const open = [...rows.querySelectorAll("tr.editing form")].find(unsaved);
  if (open) {
    event.preventDefault();
    holdUp(open);
    return;
  }
  // Pressed twice it would change nothing either: the server looks at the status.
  setTimeout(() => {
    event.target.querySelector("button").disabled = true;
  });
});
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
