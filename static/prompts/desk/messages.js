// One short sentence for each thing that happened: in the toast, and for who hears the page.
const BRIEFLY = 6000;
let fading = 0;

export function say(text, { level = "success", undo = false } = {}) {
  const toast = document.getElementById("desk-toast");
  toast.querySelector("span").textContent = text;
  toast.querySelector("button").hidden = !undo;
  toast.classList.toggle("is-warning", level !== "success");
  toast.hidden = false;
  document.getElementById("desk-live").textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => (toast.hidden = true), undo ? 2 * BRIEFLY : BRIEFLY);
}

const FAULTS = {
  403: "You do not have permission, or your session has ended. Reload the page.",
  404: "This is gone. Reload the page.",
};

export const faultOf = (status) => FAULTS[status] ?? "Connection lost: nothing was done. Try again.";

export function startMessages() {
  document.body.addEventListener("desk:say", ({ detail }) => say(detail.text, detail));
  for (const name of ["htmx:responseError", "htmx:sendError"])
    document.body.addEventListener(name, ({ detail }) => say(faultOf(detail.xhr?.status), { level: "error" }));
}
