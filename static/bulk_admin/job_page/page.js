// The job page: what the server cannot do for it. Keys, ranges, zoom, countdowns, and swaps that disturb nobody.
import { startActions, takeBack } from "./actions.js";
import { startBulk } from "./bulk.js";
import { startClock } from "./clock.js";
import { startCompare } from "./compare.js";
import { repaint, startDecisions, undo } from "./decisions.js";
import { startDialogs } from "./dialogs.js";
import { applyFilter, startFilter } from "./filter.js";
import { startGrid } from "./grid.js";
import { startKeys } from "./keys.js";
import { say, startMessages } from "./messages.js";
import { startNotices } from "./notices.js";
import { sharpen, startPreferences } from "./preferences.js";
import { fetchRest } from "./rest.js";
import { startSwaps } from "./swaps.js";
import { tiles, unstack } from "./tiles.js";
import { startTray } from "./tray.js";
import { startZoom } from "./zoom.js";

const root = document.getElementById("bulk");
const show = (some) => {
  unstack(some);
  sharpen(some);
  repaint(some);
  applyFilter(some);
};

startMessages(root, { takeBack, undo });
startDecisions(root, applyFilter);
startFilter(root);
startActions(root);
startKeys(root);
startGrid(root);
startBulk();
startDialogs(root);
startTray();
startClock();
startSwaps(root, show);
startCompare();
startZoom(root); // looks at the tiles after a swap is through
startPreferences(root);
startNotices(root);
show(tiles());
root.dataset.ready = "";
fetchRest(root, show).then((isWhole) => {
  root.dataset.whole = isWhole;
  if (!isWhole) say("Not all pictures are here. Reload the page.", "error");
});
