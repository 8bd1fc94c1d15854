// What an answer may replace. An older answer changes nothing; focus, scroll and filter stay.
import { heirOf } from "./focus.js";
import { say } from "./messages.js";
import { forget } from "./rest.js";
import { makePlace, tileWith } from "./tiles.js";

const revision = (element) => Number(element.dataset.revision || -1);

// `whenCame` is told the tiles of each answer.
export function startSwaps(root, whenCame) {
  let passFocusOn = () => {};
  let isPoll = false;
  let came = []; // ids of the tiles of the answer that is being swapped
  let milestone = document.getElementById("job-status").dataset.milestone;

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "job-live" || !event.detail.shouldSwap) return;
    isPoll = event.detail.requestConfig.verb === "get";
    if (!event.detail.requestConfig.elt.isConnected) {
      event.detail.shouldSwap = false;
      orphaned(root, event.detail);
      return;
    }
    const answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    const incoming = answer.getElementById("job-status");
    if (!incoming || revision(incoming) < revision(document.getElementById("job-status"))) {
      event.detail.shouldSwap = false;
      return;
    }
    for (const input of answer.querySelectorAll("[name=seen_variant]"))
      if (!document.getElementById(input.id)) makeGroupOf(answer, input);
    const tiles = [...answer.querySelectorAll("[data-tile]")];
    for (const tile of tiles) if (!document.getElementById(tile.id)) makePlace(tile);
    came = tiles.map((tile) => tile.dataset.tile);
  });

  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const incoming = fragment.firstElementChild;
    if (!incoming) return;
    const older = "tile" in incoming.dataset && revision(incoming) < revision(target);
    // What is the same stays: a button must not be replaced between press and release.
    if (older || target.isEqualNode(incoming)) event.detail.shouldSwap = false;
    else {
      keepPicture(target, incoming);
      // Not after a poll: Retry, which buys, must not come under a finger that is about to press Pause.
      if (!isPoll && target.contains(document.activeElement)) passFocusOn = heirOf(document.activeElement);
    }
  });

  // Not before: settling gives every tile the attributes of the answer.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "job-live") return; // once, not for every tile
    const status = document.getElementById("job-status");
    for (const id of status.dataset.removed.split(",").filter(Boolean)) {
      forget(id);
      tileWith(id)?.remove();
    }
    whenCame(came.map(tileWith).filter(Boolean));
    passFocusOn();
    passFocusOn = () => {};
    document.title = status.dataset.title;
    if (status.dataset.milestone !== milestone) {
      milestone = status.dataset.milestone;
      document.getElementById("live").textContent = status.dataset.say;
    }
  });
}

// The same picture in a tile that changed is not fetched and drawn again: nothing flickers.
function keepPicture(target, incoming) {
  const [old, fresh] = [target, incoming].map((tile) => tile.querySelector(".face > img"));
  if (old && fresh?.getAttribute("src") === old.getAttribute("src")) fresh.replaceWith(old);
}

// Another answer has replaced who asked, so htmx would look for the tiles in what it was taken out of.
function orphaned(root, { xhr, requestConfig }) {
  if (requestConfig.verb !== "post") return; // a poll: the next one brings the same
  const said = JSON.parse(xhr.getResponseHeader("HX-Trigger") ?? "{}")["bulk:say"];
  if (said) say(said.text, said.level);
  window.htmx.ajax("GET", root.dataset.status, { source: "#job-status", target: "#job-live", swap: "innerHTML" });
}

function makeGroupOf(answer, input) {
  const tile = answer.querySelector(`[data-tile][data-position="${input.id.slice("newest-".length)}"]`);
  if (tile) makePlace(tile);
}
