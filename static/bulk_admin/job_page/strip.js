// The pictures before and after the one in zoom: for eyes and hands. Keys and the buttons beside the picture do the
// same.
import { decisionOf } from "./decisions.js";
import { faceOf, idOf, tileWith } from "./tiles.js";

const BESIDE = 5;

function thumb(tile, isCurrent) {
  const button = Object.assign(document.createElement("button"), { type: "button", tabIndex: -1 });
  button.className = `${decisionOf(tile)}${isCurrent ? " is-current" : ""}`;
  button.dataset.strip = idOf(tile);
  const small = faceOf(tile).querySelector("img");
  button.append(Object.assign(new Image(), { src: small.getAttribute("src"), alt: "" }));
  return button;
}

// The answer paints the strip around a tile.
export function startStrip(show) {
  const strip = document.getElementById("zoom-strip");
  strip.addEventListener("click", (event) => {
    const id = event.target.closest("[data-strip]")?.dataset.strip;
    if (id) show(tileWith(id));
  });
  return (tile, all) => {
    const from = Math.max(0, Math.min(all.indexOf(tile) - BESIDE, all.length - 2 * BESIDE - 1));
    const near = all.slice(from, from + 2 * BESIDE + 1);
    strip.replaceChildren(...near.map((each) => thumb(each, each === tile)));
    strip.querySelector(".is-current")?.scrollIntoView({ block: "nearest", inline: "center" });
  };
}
