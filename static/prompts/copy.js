// Copies a prompt. The button is hidden without this script, as it would do nothing.
const SAID_FOR = 4000;

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("The browser refused.");
}

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const said = document.querySelector("[data-copy-said]");
  let timer = 0;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await copy(source.textContent);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Your browser refused: select the text and copy it.";
      window.getSelection().selectAllChildren(source);
    }
    button.focus();
    clearTimeout(timer);
    timer = setTimeout(() => {
      said.textContent = "";
    }, SAID_FOR);
  });
}
