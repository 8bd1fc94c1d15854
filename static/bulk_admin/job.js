// The job page: what the server cannot do for it. Keys, ranges, zoom, countdowns, and swaps that disturb nobody.
import { startClock } from "./job-clock.js";
import { startDialogs } from "./job-dialogs.js";
import { startGrid } from "./job-grid.js";
import { startMessages } from "./job-messages.js";
import { startSelection } from "./job-selection.js";
import { startSwaps } from "./job-swaps.js";
import { startZoom } from "./job-zoom.js";

const root = document.getElementById("bulk");
for (const start of [startMessages, startSelection, startGrid, startZoom, startDialogs, startClock, startSwaps]) start(root);
