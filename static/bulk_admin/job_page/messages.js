// Admin's message bar for what a button did and for lost connections; a toast where there is something to undo.
let lost = null;
let lostUntil = 0; // not taken away before: with a poll a second it would hardly be seen
let fading = 0;
const BRIEFLY = 6000;

export function say(text, level = "success") {
  let list = document.querySelector("ul.messagelist");
  if (!list) {
    list = Object.assign(document.createElement("ul"), { className: "messagelist" });
    list.setAttribute("role", "status");
    document.getElementById("content-start").prepend(list);
  }
  const item = Object.assign(document.createElement("li"), { className: level, textContent: text });
  list.replaceChildren(item);
  if (level === "success") setTimeout(() => item.remove(), BRIEFLY);
  if (openDialog() || !isInSight(list)) toast(text);
  return item;
}

const isInSight = (list) => list.getBoundingClientRect().bottom >= 0;
const openDialog = () => document.querySelector("dialog[open]");

// An error that the next answer that succeeds makes untrue.
export function sayUntilItWorks(text) {
  lost = say(text, "error");
  lostUntil = Date.now() + BRIEFLY;
}

export function toast(text, undo) {
  const place = document.getElementById("toast");
  // Whatever is outside of an open dialog is behind its backdrop, for eyes and for screen readers.
  (openDialog() ?? document.getElementById("toasts")).append(place);
  place.replaceChildren(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Undo" });
    button.addEventListener("click", () => {
      place.replaceChildren();
      undo();
    });
    place.append(button);
  }
  clearTimeout(fading);
  fading = setTimeout(() => place.replaceChildren(), undo ? 12000 : 4000);
}

// A toast outlives the dialog that it was shown in, unless the message bar says the same.
function leaveDialog() {
  const place = document.getElementById("toast");
  const list = document.querySelector("ul.messagelist");
  if (list?.children.length && isInSight(list) && !place.querySelector("button")) place.replaceChildren();
  document.getElementById("toasts").append(place);
}

function fault(event) {
  lostUntil = 0;
  const status = event.detail.xhr?.status;
  if (status === 403) lost = say("You do not have permission, or your session has ended. Reload the page.", "error");
  else if (status === 404) lost = say("This is gone. Reload the page.", "error");
  else lost = say("Connection lost, trying again.", "warning");
}

export function startMessages() {
  document.body.addEventListener("bulk:say", (event) => say(event.detail.text, event.detail.level));
  document.addEventListener("close", leaveDialog, true); // it does not bubble
  document.body.addEventListener("htmx:responseError", fault);
  document.body.addEventListener("htmx:sendError", fault);
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && lost && Date.now() >= lostUntil) {
      lost.remove();
      lost = null;
    }
  });
}
