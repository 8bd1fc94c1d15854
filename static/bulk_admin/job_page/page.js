// The job page: what the server cannot do for it. Keys, ranges, zoom, countdowns, and swaps that disturb nobody.
import { startClock } from "./clock.js";
import { startDialogs } from "./dialogs.js";
import { startGrid } from "./grid.js";
import { startMessages } from "./messages.js";
import { startSelection } from "./selection.js";
import { startSwaps } from "./swaps.js";
import { startZoom } from "./zoom.js";

const root = document.getElementById("bulk");
// Zoom looks at the tiles after a swap is through.
for (const start of [startMessages, startSelection, startGrid, startDialogs, startClock, startSwaps, startZoom])
  start(root);
