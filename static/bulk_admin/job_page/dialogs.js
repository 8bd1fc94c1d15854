// Dialogs open when their content has come, and close when their act was accepted.
import { heirOf } from "./focus.js";

export function startDialogs(root) {
  const ask = document.getElementById("ask");
  let passFocusOn = () => {};
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "ask-body") return;
    if (!ask.open) {
      passFocusOn = heirOf(document.activeElement);
      ask.showModal();
    }
    ask.querySelector("[autofocus]")?.focus();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const done = event.detail.elt.closest?.("[data-done]");
    if (done && event.detail.successful && ask.contains(done) && event.detail.requestConfig.verb === "post")
      ask.close();
  });
  ask.addEventListener("close", () => passFocusOn());
  root.addEventListener("click", (event) => {
    const open = event.target.closest("[data-open]");
    if (open) document.getElementById(open.dataset.open).showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    if (event.target.tagName === "DIALOG") event.target.close(); // on the backdrop
  });
}
