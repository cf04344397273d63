/* The list of people by arrow keys: down from the search box goes into it, up from its top comes back. */
"use strict";
(() => {
  const box = document.getElementById("q");
  document.addEventListener("keydown", (event) => {
    const links = [...document.querySelectorAll("#found a.person")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && links.length && (document.activeElement === box || at >= 0)) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      at ? links[at - 1].focus() : box.focus();
    }
  });
})();
