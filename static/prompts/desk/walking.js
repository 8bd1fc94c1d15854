// From draft to draft: the strip marks the current one, the next picture is fetched ahead, and a swipe steps.
import { press } from "./keys.js";

const FAR = 60; // pixels that make a touch a swipe

function arrived() {
  const draft = document.getElementById("draft");
  for (const each of document.querySelectorAll("[data-strip]")) {
    const here = each.dataset.strip === draft.dataset.page;
    if (here) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
    if (here) center(each);
  }
  const next = document.querySelector(".strip [aria-current] + [data-strip] img");
  if (next?.dataset.large) new Image().src = next.dataset.large;
}

function center(each) {
  const strip = each.parentElement;
  strip.scrollLeft = each.offsetLeft - strip.offsetLeft - (strip.clientWidth - each.offsetWidth) / 2;
}

export function startWalking(root) {
  document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target.id !== "draft" && detail.elt.id !== "draft") return;
    arrived();
    document.getElementById("draft").focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  let start = null;
  root.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    start = event.target.closest("[data-swipe]") && event.touches.length === 1 ? touch : null;
  }, { passive: true });
  root.addEventListener("touchend", (event) => {
    if (!start) return;
    const [touch] = event.changedTouches;
    const [across, down] = [touch.clientX - start.clientX, touch.clientY - start.clientY];
    start = null;
    if (Math.abs(across) > FAR && Math.abs(across) > 2 * Math.abs(down)) press(across < 0 ? "j" : "k");
  });
  arrived();
  // Whatever stands above: a theme's header, a message.
  const top = document.querySelector(".read").getBoundingClientRect().top + scrollY;
  root.style.setProperty("--desk-top", `${Math.round(top)}px`);
}
