// Dialogs open when their content has come, and close when their action was accepted.
import { heirOf } from "./focus.js";

// On closing, a browser gives the focus back to what had it, which an answer may have replaced by then.
export function openModal(dialog, opener = document.activeElement) {
  dialog.addEventListener("close", heirOf(opener), { once: true });
  dialog.showModal();
}

export function startDialogs(root) {
  const ask = document.getElementById("ask");
  let opener = null; // what was pressed: the focus may be elsewhere when the content has come
  document.body.addEventListener("htmx:beforeRequest", ({ detail: { elt, target } }) => {
    if (target?.id === "ask-body" && !ask.open) opener = elt;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "ask-body") return;
    if (!ask.open) openModal(ask, opener);
    ask.querySelector("[autofocus]")?.focus();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const done = event.detail.elt.closest?.("[data-done]");
    if (done && event.detail.successful && ask.contains(done) && event.detail.requestConfig.verb === "post")
      ask.close();
  });
  // A question of the server's: what was pressed has consequences that only it knows.
  document.body.addEventListener("bulk:ask", ({ detail: { address } }) => {
    const source = document.activeElement === document.body ? ask : document.activeElement;
    window.htmx.ajax("GET", address, { source, target: "#ask-body", swap: "innerHTML" });
  });
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    if (event.target.tagName === "DIALOG") event.target.close(); // on the backdrop
  });
}
