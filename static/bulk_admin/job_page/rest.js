// The first answer holds the first tiles; the rest follows by itself, piece by piece.
import { placeGroup, placeTile, tileWith } from "./tiles.js";

const PAUSES = [500, 2000, 5000];
const wait = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));
const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
const gone = new Set(); // deleted while a piece with them was on its way

export const forget = (id) => gone.add(id);

async function piece(address, after) {
  for (const pause of [...PAUSES, null]) {
    try {
      const answer = await fetch(`${address}?after=${after}`, { headers: { "HX-Request": "true" } });
      const text = answer.ok ? await answer.text() : "";
      const found = new DOMParser().parseFromString(text, "text/html").getElementById("piece");
      if (found) return found;
    } catch {
      // Offline for a moment; the poll says so.
    }
    if (pause !== null) await wait(pause);
  }
  return null;
}

// A tile that is there already is as new as this one, or newer.
function put(place) {
  const groups = place.matches(".stack") ? [...place.children] : [place];
  const isNew = groups.every((group) => !document.getElementById(group.id));
  if (isNew) {
    placeGroup(place, groups[0].dataset.group);
    return;
  }
  for (const group of groups) {
    const there = document.getElementById(group.id);
    const missing = [...group.querySelectorAll("[data-tile]")].filter((tile) => !tileWith(tile.dataset.tile));
    if (!there) placeGroup(group, group.dataset.group);
    else for (const tile of missing) placeTile(tile, there);
  }
}

// `whenCame` is told the new tiles. The answer is true when all are there.
export async function fetchRest(root, whenCame) {
  while (root.dataset.after !== "") {
    const found = await piece(root.dataset.tiles, root.dataset.after);
    if (!found) return false;
    for (const tile of found.querySelectorAll("[data-tile]")) if (gone.has(tile.dataset.tile)) tile.remove();
    const came = [...found.querySelectorAll("[data-tile]")].map((tile) => tile.dataset.tile);
    for (const place of [...found.children]) put(document.adoptNode(place));
    root.dataset.after = found.dataset.after;
    whenCame(came.map(tileWith).filter(Boolean));
    await frame(); // keys and scrolling come first
  }
  return true;
}
