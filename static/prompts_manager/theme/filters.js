// The filters' menus close on Escape and on a press outside, as menus do.

const opened = () => document.querySelector("#changelist-filter .filter[open]");

document.addEventListener("keydown", (event) => {
  const filter = opened();
  if (event.key !== "Escape" || !filter) return;
  filter.open = false;
  filter.querySelector("summary").focus();
});

document.addEventListener("pointerdown", (event) => {
  const filter = opened();
  if (filter && !filter.contains(event.target)) filter.open = false;
});
