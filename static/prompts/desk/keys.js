// Keys press the buttons that carry them, so a key never does what no button does.
import { leaveField, settled } from "./saving.js";

const MARKS = "input, textarea, select, [contenteditable]";
const isDrawn = (each) => each.checkVisibility();

export function press(key) {
  const all = [...document.querySelectorAll(`[data-keys="${CSS.escape(key)}"]`)];
  const button = all.find((each) => !each.disabled && isDrawn(each)) ?? all.find((each) => !each.disabled);
  button?.click();
  return Boolean(button);
}

async function saveAndNext() {
  leaveField();
  await settled();
  press("j");
}

export function startKeys(root, { inField = () => false } = {}) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.(MARKS) && !event.target.matches("[type=checkbox]");
    const withCtrl = event.ctrlKey || event.metaKey;
    if (withCtrl && event.key === "Enter" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      saveAndNext();
    } else if (typing) {
      if (inField(event)) return;
      if (event.key === "Escape") leaveField();
    } else if (document.querySelector("dialog[open]") || event.altKey) return;
    else if (withCtrl && event.key === "z" && !event.shiftKey) {
      event.preventDefault();
      press("u");
    } else if (!withCtrl && press(event.key.toLowerCase())) event.preventDefault();
  });
  root.addEventListener("click", ({ target }) => {
    const again = target.closest("[data-press]");
    if (again) press(again.dataset.press);
    if (target.closest("[data-edit]")) edit();
  });
}

function edit() {
  const title = document.getElementById("edit-title");
  title?.focus();
  title?.select();
}
