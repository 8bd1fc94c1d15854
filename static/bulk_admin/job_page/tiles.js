// The tiles as they stand on the page; the document is the only state.
export const tiles = () => [...document.querySelectorAll("#grid [data-tile]")];
export const shown = () => tiles().filter((tile) => !tile.hidden);
export const tileOf = (element) => element?.closest?.("[data-tile]") ?? null;
export const faceOf = (tile) => tile.querySelector(".face");
export const isDone = (tile) => tile.dataset.state === "done";
export const isKept = (tile) => tile.classList.contains("kept");
export const idOf = (tile) => tile.dataset.tile;

const matches = {
  all: () => true,
  kept: (tile) => isDone(tile) && isKept(tile),
  dropped: (tile) => isDone(tile) && !isKept(tile),
  needs: (tile) => "needs" in tile.dataset,
  page: (tile) => "page" in tile.dataset,
};

export function applyFilter(root) {
  const filter = root.dataset.filter;
  let any = false;
  for (const tile of tiles()) {
    // The tile that has the focus stays until the filter is chosen again: nothing vanishes under a hand.
    tile.hidden = !matches[filter](tile) && !tile.contains(document.activeElement);
    any ||= !tile.hidden;
  }
  document.getElementById("nothing").hidden = any;
  for (const chip of root.querySelectorAll("[data-show]"))
    chip.setAttribute("aria-pressed", String(chip.dataset.show === filter));
}

// Where a tile belongs: its group stands in the order of the prompts, it stands in the order of its variants.
export function makePlace(tile) {
  const { position, variant } = tile.dataset;
  const before = (elements, key, value) =>
    [...elements].find((element) => Number(element.dataset[key]) > Number(value)) ?? null;
  let group = document.getElementById(`group-${position}`);
  if (!group) {
    group = Object.assign(document.createElement("div"), { id: `group-${position}`, className: "group" });
    group.dataset.group = position;
    const newest = Object.assign(document.createElement("input"), {
      type: "hidden",
      id: `newest-${position}`,
      name: "seen_variant",
    });
    group.append(newest);
    const grid = document.getElementById("grid");
    grid.insertBefore(group, before(grid.children, "group", position));
  }
  const place = Object.assign(document.createElement("article"), { id: tile.id });
  group.insertBefore(place, before(group.querySelectorAll("[data-tile]"), "variant", variant));
}
