// Rows in the order of a column; the same column again turns it round. Nothing is sorted while somebody works.
import { sheet, shownRows } from "./rows.js";

function sort(button) {
  const head = button.closest("th");
  const isUp = head.getAttribute("aria-sort") !== "ascending";
  for (const other of sheet().querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const key = (row) => row.dataset[button.dataset.sort];
  const rows = shownRows().sort((a, b) => key(a).localeCompare(key(b), undefined, { numeric: true }));
  sheet().tBodies[0].append(...(isUp ? rows : rows.reverse()));
}

export function startSorting() {
  sheet().addEventListener("click", ({ target }) => {
    const button = target.closest("[data-sort]");
    if (button) sort(button);
  });
}
