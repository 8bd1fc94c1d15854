// One picture among those that are compared.
import { DROPPED, KEPT, decisionOf } from "./decisions.js";
import { Pictures, drawnBox } from "./pictures.js";
import { faceOf, idOf, nameOf, tileWith, wordOf } from "./tiles.js";
import { makeViewer } from "./viewer.js";

// Where the part that is seen lies in the whole picture.
function drawMap(map, view) {
  const image = view.querySelector("img");
  if (!image) return;
  const [picture, stage] = [drawnBox(image), view.parentElement.getBoundingClientRect()];
  const part = (from, to, start, length) => {
    const [low, high] = [from, to].map((edge) => Math.min(Math.max((edge - start) / length, 0), 1) * 100);
    return [low, high - low];
  };
  const [x, width] = part(stage.left, stage.right, picture.left, picture.width);
  const [y, height] = part(stage.top, stage.bottom, picture.top, picture.height);
  for (const [name, value] of Object.entries({ x, y, width, height }))
    map.querySelector("rect").setAttribute(name, value.toFixed(1));
}

// `number`: its key. `moved(cell, state)` is told when a person moved it.
export function makeCell(row, tile, number, { refresh, moved, isOfOnePrompt }) {
  const id = idOf(tile);
  const element = document.getElementById("compare-cell").content.firstElementChild.cloneNode(true);
  row.append(element);
  const find = (name) => element.querySelector(name);
  const [view, map] = [find(".view"), find(".map")];
  element.setAttribute("aria-label", nameOf(tile));
  find(".digit").textContent = number;
  find("b").textContent = tile.querySelector(".place").textContent;
  const [only, alone] = [find("[data-only]"), find("[data-alone]")];
  if (only) {
    only.dataset.only = alone.dataset.alone = number;
    only.textContent = `Keep only ${number}`;
    only.hidden = !isOfOnePrompt;
    alone.setAttribute("aria-label", `Keep ${number}`);
  }
  map.prepend(Object.assign(new Image(), { src: faceOf(tile).querySelector("img").getAttribute("src"), alt: "" }));

  const cell = {
    id,
    tile: () => tileWith(id),
    isSeen: () => view.querySelector("img") !== null,
    viewer: null,
    refresh() {
      const decision = decisionOf(cell.tile());
      for (const state of [KEPT, DROPPED]) element.classList.toggle(state, state === decision);
      find(".state").textContent = wordOf(cell.tile());
      find(".figures").textContent = cell.tile().querySelector(".meta .num").textContent;
      alone?.setAttribute("aria-pressed", String(decision === KEPT));
      for (const button of [only, alone]) button?.setAttribute("aria-disabled", String(!cell.isSeen()));
    },
    end: () => cell.viewer.end(),
  };
  cell.viewer = makeViewer(view, {
    whenMoved: (state) => moved(cell, state),
    whenDrawn: () => drawMap(map, view),
  });
  new Pictures().paint(view, tile, refresh);
  return cell;
}
