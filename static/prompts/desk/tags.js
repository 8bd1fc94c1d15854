// Tags are one field of words: the hidden one is saved, these are its words to remove and to add.
import { saveField } from "./saving.js";

const fieldOf = (list) => list.querySelector("[data-field='tags']");
const namesOf = (field) => field.value.split(",").map((name) => name.trim()).filter(Boolean);

function set(list, names) {
  const field = fieldOf(list);
  field.value = names.join(", ");
  draw(list);
  saveField(field);
}

function draw(list) {
  for (const tag of list.querySelectorAll(".tag")) tag.remove();
  const add = list.querySelector(".tags__add");
  for (const name of namesOf(fieldOf(list))) add.before(tagOf(name));
}

function tagOf(name) {
  const tag = Object.assign(document.createElement("span"), { className: "tag" });
  tag.dataset.tag = name;
  const text = Object.assign(document.createElement("span"), { textContent: name, dir: "auto" });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  button.setAttribute("aria-label", `Remove ${name}`);
  tag.append(text, button);
  return tag;
}

function add(input) {
  const list = input.closest("[data-tags]");
  const more = input.value.split(",").map((name) => name.trim()).filter(Boolean);
  input.value = "";
  if (more.length) set(list, [...namesOf(fieldOf(list)), ...more]);
}

export function startTags(root) {
  root.addEventListener("click", ({ target }) => {
    const tag = target.closest("[data-tag]");
    if (!tag || !target.closest("button")) return;
    const list = tag.closest("[data-tags]");
    set(list, namesOf(fieldOf(list)).filter((name) => name !== tag.dataset.tag));
    list.querySelector(".tags__add").focus();
  });
  root.addEventListener("keydown", (event) => {
    if (!event.target.matches(".tags__add") || !["Enter", ","].includes(event.key)) return;
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    add(event.target);
  });
  root.addEventListener("change", ({ target }) => target.matches(".tags__add") && add(target));
  for (const name of ["desk:saved", "desk:taken"])
    root.addEventListener(name, ({ target }) => {
      const list = target.closest("[data-tags]");
      if (list) draw(list);
    });
}
