// The desk as a table: moving, editing in place, marking, and what is done to the marked rows.
import { startCells } from "./cells.js";
import { startDialogs } from "./dialogs.js";
import { startKeys } from "./keys.js";
import { startMarks } from "./marks.js";
import { startMessages } from "./messages.js";
import { startReplacing } from "./replacing.js";
import { startSaving } from "./saving.js";
import { startSorting } from "./sorting.js";

const root = document.getElementById("desk");
const parts = [startMessages, startSaving, startDialogs, startMarks, startCells, startSorting, startReplacing];
for (const start of [...parts, startKeys]) start(root);
