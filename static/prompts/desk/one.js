// The desk, one draft at a time: what the server cannot do for it.
import { startDialogs } from "./dialogs.js";
import { startKeys } from "./keys.js";
import { startMessages } from "./messages.js";
import { startSaving } from "./saving.js";
import { startTags } from "./tags.js";
import { startWalking } from "./walking.js";

const root = document.getElementById("desk");
for (const start of [startMessages, startSaving, startTags, startDialogs, startKeys, startWalking]) start(root);
