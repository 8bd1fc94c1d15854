// Dialogs open from their button or key, and close with Escape, their button, or a press beside them.
export function startDialogs(root) {
  const ask = document.getElementById("desk-ask");
  document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id !== "desk-ask-body") return;
    ask.setAttribute("aria-labelledby", "desk-ask-name"); // which has come just now
    if (!ask.open) ask.showModal();
  });
  root.addEventListener("click", ({ target }) => {
    const open = target.closest("[data-open]");
    if (open) show(document.getElementById(open.dataset.open));
    if (target.closest("[data-close]") || target.tagName === "DIALOG") target.closest("dialog").close();
    const step = target.closest("[data-step]");
    if (step) count(step);
    const more = document.getElementById("desk-more");
    if (more?.open && (!more.contains(target) || target.closest("button, a"))) more.open = false;
  });
}

export function show(dialog) {
  const { picture } = dialog.dataset; // the full one is fetched when it is wanted
  if (picture && !dialog.querySelector("img")) dialog.prepend(Object.assign(new Image(), { src: picture, alt: "" }));
  dialog.showModal();
}

// One more or fewer, as the buttons beside a number say.
function count(button) {
  const field = button.parentElement.querySelector("input");
  if (button.dataset.step > 0) field.stepUp();
  else field.stepDown();
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
