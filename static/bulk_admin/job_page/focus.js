// An answer may take away the very button that was pressed: what stands in its place takes the focus over.
import { tileOf } from "./tiles.js";

const buttons = (row) =>
  [...row.querySelectorAll("button:enabled, a[href], summary")].filter((each) => each.checkVisibility());
// A browser drops the focus of what is no longer drawn, one frame later.
const isNowhere = () => document.activeElement === document.body || !document.activeElement.checkVisibility();

// To be asked for while the button is there; the answer is to be called when it may be gone.
export function heirOf(element) {
  const tile = tileOf(element)?.id;
  const row = element?.closest(".jobbar, .dock, .notes, .tools");
  if (!tile && !row) return () => {};
  const at = row ? buttons(row).indexOf(element) : 0;
  return () => {
    if (!isNowhere()) return;
    document.getElementById(element.id)?.focus(); // the same button, as the answer brought it again
    if (!isNowhere()) return;
    const heir = tile
      ? (document.getElementById(tile)?.querySelector(".face") ?? document.querySelector("#grid .face[tabindex='0']"))
      : (buttons(row)[at] ?? buttons(row).at(-1));
    heir?.focus();
  };
}
