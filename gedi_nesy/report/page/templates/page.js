"use strict";
(() => {
  const button = document.getElementById("copy");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(document.getElementById("command").textContent);
      said.textContent = "copied";
    } catch {
      said.textContent = "not copied: select the text instead";
    }
  });
})();
