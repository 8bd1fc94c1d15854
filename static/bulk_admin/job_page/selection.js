// Keep and drop: painted at once, sent as the wanted state, one request at a time; the server has the last word.
import { sayUntilItWorks, toast } from "./messages.js";
import { applyFilter, idOf, isDone, isKept, shown, tiles } from "./tiles.js";

const wanted = new Map(); // id -> true or false, not yet confirmed
let sending = false;
let root;

function paint(tile, kept) {
  tile.classList.toggle("kept", kept);
  tile.classList.toggle("dropped", !kept);
  tile.querySelector(".face").setAttribute("aria-pressed", String(kept));
}

function recount() {
  const done = tiles().filter(isDone);
  const kept = done.filter(isKept).length;
  for (const place of root.querySelectorAll("[data-count=kept]")) place.textContent = kept;
  for (const place of root.querySelectorAll("[data-count=dropped]")) place.textContent = done.length - kept;
}

export function repaint() {
  for (const [id, kept] of wanted) {
    const tile = document.getElementById(`tile-${id}`);
    if (tile && isDone(tile)) paint(tile, kept);
  }
  if (wanted.size) recount();
}

async function send() {
  if (sending) return;
  sending = true;
  while (wanted.size) {
    const state = wanted.values().next().value;
    const ids = [...wanted].filter(([, kept]) => kept === state).map(([id]) => id);
    const ok = await post(ids, state);
    for (const id of ids) {
      if (wanted.get(id) === state) wanted.delete(id);
      const tile = document.getElementById(`tile-${id}`);
      if (!ok && tile && isDone(tile)) paint(tile, !state); // it may have been deleted since
    }
    if (!ok) recount();
  }
  sending = false;
}

// The answer is swapped before the ids leave `wanted`, so that no older tile shows through.
async function post(ids, state) {
  let ok = false;
  let isTold = false;
  const note = (event) => {
    if (event.detail.pathInfo.requestPath !== root.dataset.select) return;
    ok = event.detail.successful;
    isTold = [403, 404].includes(event.detail.xhr.status); // with what to do: trying again would not help
  };
  document.body.addEventListener("htmx:afterRequest", note);
  try {
    await window.htmx.ajax("POST", root.dataset.select, {
      source: root,
      target: "#job-live",
      swap: "innerHTML",
      values: { ids: ids.join(","), wanted: state ? "1" : "0" },
    });
  } catch {
    ok = false;
  }
  document.body.removeEventListener("htmx:afterRequest", note);
  if (!ok && !isTold) sayUntilItWorks("That was not saved. Try again.");
  return ok;
}

// Returns how the changed tiles were before.
export function want(changes) {
  const before = [];
  for (const [tile, kept] of changes) {
    if (!isDone(tile) || isKept(tile) === kept || !root.dataset.canAct) continue;
    before.push([tile, !kept]);
    paint(tile, kept);
    wanted.set(idOf(tile), kept);
  }
  if (before.length) {
    recount();
    send();
  }
  return before;
}

export function wantMany(changes) {
  const before = want(changes);
  if (!before.length) return;
  const dropped = before.filter(([, kept]) => kept).length;
  const parts = [
    [before.length - dropped, "kept"],
    [dropped, "dropped"],
  ].filter(([count]) => count);
  toast(parts.map((part) => part.join(" ")).join(", "), () => {
    want(before.map(([tile, kept]) => [document.getElementById(tile.id) ?? tile, kept]));
    applyFilter(root);
  });
  applyFilter(root);
}

const plans = {
  all: (done) => done.map((tile) => [tile, true]),
  none: (done) => done.map((tile) => [tile, false]),
  invert: (done) => done.map((tile) => [tile, !isKept(tile)]),
  first(done) {
    const seen = new Set();
    const order = done.filter(isKept);
    return order.map((tile) => [tile, !seen.has(tile.dataset.position) && Boolean(seen.add(tile.dataset.position))]);
  },
};
const planned = (name) => plans[name](shown().filter(isDone)).filter(([tile, kept]) => isKept(tile) !== kept);

export function startSelection(element) {
  root = element;
  const menu = document.getElementById("select-menu");
  if (!menu) return;
  menu.addEventListener("toggle", () => {
    for (const item of menu.querySelectorAll("[data-bulk]")) {
      const name = item.dataset.bulk;
      const count = name === "first" ? planned(name).length : shown().filter(isDone).length;
      item.querySelector("span").textContent = count;
      item.disabled = !planned(name).length;
    }
  });
  menu.addEventListener("click", (event) => {
    const item = event.target.closest("[data-bulk]");
    if (!item) return;
    menu.open = false;
    document.getElementById("open-select").focus();
    wantMany(planned(item.dataset.bulk));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      document.getElementById("open-select").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}
