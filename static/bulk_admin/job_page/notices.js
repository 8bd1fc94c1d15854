// The tab's icon says how the job is doing, and the browser tells when it no longer runs, if asked to.
import { say } from "./messages.js";
import { remember } from "./preferences.js";

const RUNS = "run";
const status = () => document.getElementById("job-status").dataset;
const may = () => window.Notification?.permission === "granted";

function tellOfItsEnd(root) {
  const isSeen = document.visibilityState === "visible" && document.hasFocus();
  if (isSeen || root.dataset.browserNotices !== "on" || !may()) return;
  // One tag for a job: of two tabs that show it, the browser shows one notification.
  const notice = new Notification(document.title, { body: status().say, tag: root.dataset.status });
  notice.addEventListener("click", () => window.focus());
}

async function switched(root, box) {
  if (box.id === "browser-notices" && box.checked && (await window.Notification?.requestPermission()) !== "granted") {
    box.checked = false;
    say("The browser does not allow notifications from this site.", "error");
    return;
  }
  const value = box.checked ? "on" : "off";
  if (box.id === "browser-notices") root.dataset.browserNotices = value;
  remember(box.dataset.remember, value);
}

export function startNotices(root) {
  const badge = document.getElementById("badge");
  let tone = status().tone;
  document.body.addEventListener("htmx:afterSettle", ({ target }) => {
    // What was asked for in another browser, this one may not have allowed.
    const box = target.id === "ask-body" && target.querySelector("#browser-notices");
    if (box) box.checked &&= may();
    if (target.id !== "job-live" || status().tone === tone) return;
    if (tone === RUNS) tellOfItsEnd(root);
    tone = status().tone;
    badge.href = badge.dataset[tone];
  });
  root.addEventListener("change", ({ target }) => {
    if (target.closest("#notices")) switched(root, target);
  });
}
