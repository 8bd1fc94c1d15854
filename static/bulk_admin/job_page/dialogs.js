// Dialogs open when their content has come, and close when their action was accepted.
import { heirOf } from "./focus.js";

// On closing, a browser gives the focus back to what had it, which an answer may have replaced by then.
export function openModal(dialog) {
  dialog.addEventListener("close", heirOf(document.activeElement), { once: true });
  dialog.showModal();
}

export function startDialogs(root) {
  const ask = document.getElementById("ask");
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "ask-body") return;
    if (!ask.open) openModal(ask);
    ask.querySelector("[autofocus]")?.focus();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const done = event.detail.elt.closest?.("[data-done]");
    if (done && event.detail.successful && ask.contains(done) && event.detail.requestConfig.verb === "post")
      ask.close();
  });
  root.addEventListener("click", (event) => {
    const open = event.target.closest("[data-open]");
    if (open) openModal(document.getElementById(open.dataset.open));
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    if (event.target.tagName === "DIALOG") event.target.close(); // on the backdrop
  });
}
