// What this person chose last: the server remembers it for every job and device.
import { tiles } from "./tiles.js";

export function remember(address, value) {
  window.htmx.ajax("POST", address, { source: "#toasts", swap: "none", values: { value } });
}

// Large tiles on a wide screen need the larger preview; the server writes the attribute for medium ones. ("auto" would
// do, but a picture that is taken out of the page then fetches its larger preview.)
const LARGE = "(max-width: 1023px) 92vw, 31vw";
export function sharpen(tiles) {
  if (!document.getElementById("grid").classList.contains("size-l")) return;
  for (const image of tiles.map((tile) => tile.querySelector("img")).filter(Boolean)) image.sizes = LARGE;
}

export function startPreferences(root) {
  const sizes = document.getElementById("tile-size");
  const grid = document.getElementById("grid");
  sizes.addEventListener("click", (event) => {
    const size = event.target.closest("[data-size]")?.dataset.size;
    if (!size) return;
    for (const button of sizes.children) {
      button.setAttribute("aria-pressed", String(button.dataset.size === size));
      grid.classList.toggle(`size-${button.dataset.size}`, button.dataset.size === size);
    }
    sharpen(tiles());
    remember(sizes.dataset.remember, size);
  });
  const keys = document.getElementById("single-keys");
  keys.addEventListener("change", () => {
    root.dataset.singleKeys = keys.checked ? "on" : "off";
    remember(keys.dataset.remember, root.dataset.singleKeys);
  });
}
