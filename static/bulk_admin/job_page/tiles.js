// The tiles as they stand on the page; the document is the only state.
export const tiles = () => [...document.getElementById("grid").getElementsByClassName("tile")];
export const shown = () => tiles().filter((tile) => !tile.hidden);
export const tileOf = (element) => element?.closest?.("[data-tile]") ?? null;
export const tileWith = (id) => document.getElementById(`tile-${id}`);
export const faceOf = (tile) => tile.querySelector(".face");
export const promptOf = (tile) => tile.querySelector(".prompt").textContent;
export const isDone = (tile) => tile.dataset.state === "done";
export const idOf = (tile) => tile.dataset.tile;
export const nameOf = (tile) => tile.getAttribute("aria-label");
export const wordOf = (tile) => tile.querySelector(".mark").textContent;
export const buttonOf = (tile, name) => document.getElementById(`${name}-${idOf(tile)}`);
export const siblingsOf = (tile) => [...tile.parentElement.querySelectorAll("[data-tile]")];

// The first of the elements whose number is larger; they stand in the order of their numbers.
const behind = (elements, key, value) =>
  [...elements].find((element) => Number(element.dataset[key]) > Number(value)) ?? null;

// Groups stand in the order of the prompts; failures that follow each other share a stack.
export function placeGroup(element, position) {
  const grid = document.getElementById("grid");
  const next = behind(grid.querySelectorAll("[data-group]"), "group", position);
  grid.insertBefore(element, next?.closest(".stack") ?? next);
}

const isSmall = (tile) => ["bad", "unk", "off"].includes(tile.dataset.state);

// What is tried again leaves its stack: there is something to look at, soon.
export function unstack(tiles) {
  for (const group of tiles.filter((tile) => !isSmall(tile)).map((tile) => tile.parentElement)) {
    const stack = group.closest(".stack");
    if (!stack) continue;
    const places = [...stack.children];
    stack.after(...places.slice(places.indexOf(group)));
    if (!stack.children.length) stack.remove();
  }
}

// Where a tile belongs, for an answer to put it there.
export function makePlace(tile) {
  const { position, variant } = tile.dataset;
  let group = document.getElementById(`group-${position}`);
  if (!group) {
    group = Object.assign(document.createElement("div"), { id: `group-${position}`, className: "group" });
    group.dataset.group = position;
    const newest = { type: "hidden", id: `newest-${position}`, name: "seen_variant" };
    group.append(Object.assign(document.createElement("input"), newest));
    placeGroup(group, position);
  }
  placeTile(Object.assign(document.createElement("article"), { id: tile.id }), group, variant);
}

// `several`: the variants of a prompt are shown together.
export function placeTile(tile, group, variant = tile.dataset.variant) {
  group.insertBefore(tile, behind(group.querySelectorAll("[data-tile]"), "variant", variant));
  group.classList.toggle("several", group.querySelectorAll("article").length > 1);
}
