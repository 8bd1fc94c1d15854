// The buttons of a tile: few attributes there, one place here that sends them.
import { say } from "./messages.js";
import { buttonOf, idOf, promptOf, tileOf } from "./tiles.js";

let root;

export async function copyPrompt(tile) {
  try {
    await navigator.clipboard.writeText(promptOf(tile));
    say("Prompt copied.");
  } catch {
    say("The browser does not allow copying here.", "error");
  }
}

// As if the tile's own button had been pressed; without one there is nothing to press.
export const pressTile = (tile, name) => buttonOf(tile, name)?.click();

const addressOf = (id, action) => root.dataset.image.replace(/0\/act\/$/, `${id}/${action}/`);

function send(verb, address, source, values, target = "#job-live") {
  if (source.classList.contains("htmx-request")) return; // pressed twice
  window.htmx.ajax(verb, address, { source, target, swap: "innerHTML", values });
}

function pressed(button) {
  const tile = tileOf(button);
  const action = button.dataset.act;
  if (action === "edit") {
    send("GET", addressOf(idOf(tile), action), button, {}, "#ask-body");
    return;
  }
  const seen = { seen_variant: document.getElementById(`newest-${tile.dataset.position}`).value };
  const values = action === "reroll" ? seen : JSON.parse(button.dataset.values ?? "{}");
  send("POST", addressOf(idOf(tile), action), button, values);
}

// Of a picture that was ordered a moment ago.
export function takeBack(id) {
  send("POST", addressOf(id, "take_back"), document.getElementById("toasts"), {});
}

export function startActions(element) {
  root = element;
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) pressed(button);
    const whole = event.target.closest("[data-act-job]");
    if (whole) send("POST", root.dataset.job.replace(/act\/$/, `${whole.dataset.actJob}/`), whole, {});
  });
}
