// Dialogs open from their button or key, and close with Escape, their button, or a press beside them.
export function startDialogs(root) {
  root.addEventListener("click", ({ target }) => {
    const open = target.closest("[data-open]");
    if (open) show(document.getElementById(open.dataset.open));
    if (target.closest("[data-close]") || target.tagName === "DIALOG") target.closest("dialog").close();
    const more = document.getElementById("desk-more");
    if (more?.open && (!more.contains(target) || target.closest("button, a"))) more.open = false;
  });
}

export function show(dialog) {
  const { picture } = dialog.dataset; // the full one is fetched when it is wanted
  if (picture && !dialog.querySelector("img")) dialog.prepend(Object.assign(new Image(), { src: picture, alt: "" }));
  dialog.showModal();
}
