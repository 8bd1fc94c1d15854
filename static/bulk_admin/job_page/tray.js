// The failure tray: its groups are fetched when it opens, and again when an answer says that they changed.
import { heirOf } from "./focus.js";

export function startTray() {
  const tray = document.getElementById("tray");
  const panel = document.getElementById("tray-panel");
  const opener = document.getElementById("open-tray");
  const count = () => document.getElementById("tray-count");
  let shown = ""; // the state that the groups were fetched for
  let passFocusOn = () => {};

  const close = () => {
    if (tray.contains(document.activeElement)) opener.focus();
    tray.open = false;
  };

  function refresh() {
    const { state } = count().dataset;
    if (!tray.open || state === shown) return;
    shown = state;
    window.htmx.ajax("GET", panel.dataset.groups, { source: panel, target: panel, swap: "innerHTML" });
  }

  tray.addEventListener("toggle", refresh);
  tray.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("click", ({ target }) => {
    if (tray.open && target.isConnected && !target.closest("#tray, dialog, .toasts")) tray.open = false;
  });
  const swapsHere = ({ target }) => target === panel || target.id === "job-live";
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (swapsHere(event) && panel.contains(document.activeElement)) passFocusOn = heirOf(document.activeElement);
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!swapsHere(event)) return;
    if ("empty" in count().dataset) tray.open = false;
    refresh();
    passFocusOn();
    passFocusOn = () => {};
  });
  panel.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (target === panel && !detail.successful) shown = ""; // so that the next answer asks again
  });
}
