// One place for messages: they float, so that nothing moves; what went wrong stays until it works again.
const BRIEFLY = 5000;
const WITH_A_BUTTON = 12000;
const MOST = 3;
let lost = null;
let lostUntil = 0; // not taken away before: with a poll a second it would hardly be seen

const openDialog = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? null;

// For screen readers only: one short sentence for a change that eyes see by themselves.
export function tell(text) {
  (openDialog()?.querySelector(".unseen[role=status]") ?? document.getElementById("live")).textContent = text;
}

export function say(text, level = "success", options = {}) {
  const item = toast(text, { level, ...options });
  if (level !== "error") fadeOut(item, options.undo ? WITH_A_BUTTON : BRIEFLY);
  return item;
}

function fadeOut(item, after) {
  setTimeout(() => item.remove(), after);
}

export function toast(text, { level = "success", undo, word = "Undo" } = {}) {
  const place = document.getElementById("toasts");
  // Whatever is outside of an open dialog is behind its backdrop, for eyes and for screen readers.
  (openDialog() ?? document.getElementById("bulk")).append(place);
  const item = Object.assign(document.createElement("p"), { className: `toast ${level}` });
  item.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: word });
    button.addEventListener("click", () => {
      item.remove();
      undo();
    });
    item.append(button);
    fadeOut(item, WITH_A_BUTTON);
  }
  for (const older of [...place.children].slice(0, 1 - MOST)) older.remove();
  place.append(item);
  return item;
}

// An error that the next answer that succeeds makes untrue.
export function sayUntilItWorks(text) {
  lost?.remove();
  lost = say(text, "error");
  lostUntil = Date.now() + BRIEFLY;
}

function fault(event) {
  const status = event.detail.xhr?.status;
  lostUntil = status ? Date.now() + BRIEFLY : 0; // a poll that still works must not hide what did not
  lost?.remove();
  if (status === 403) lost = say("You do not have permission, or your session has ended. Reload the page.", "error");
  else if (status === 404) lost = say("This is gone. Reload the page.", "error");
  else lost = say("Connection lost, trying again.", "error");
}

export function startMessages(root, { takeBack, undo }) {
  const offered = ({ take_back: id, undo: isStep }) => {
    if (id) return { undo: () => takeBack(id), word: "Take back" };
    return isStep ? { undo } : {};
  };
  document.body.addEventListener("bulk:say", ({ detail }) => say(detail.text, detail.level, offered(detail)));
  // A message outlives the dialog that it was shown in. The event does not bubble.
  document.addEventListener("close", () => (openDialog() ?? root).append(document.getElementById("toasts")), true);
  document.body.addEventListener("htmx:responseError", fault);
  document.body.addEventListener("htmx:sendError", fault);
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || !lost || Date.now() < lostUntil) return;
    lost.remove();
    lost = null;
  });
}
