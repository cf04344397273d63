/* The intake in the room: after reading out every red flag, one press answers "no" to those not yet marked. */
"use strict";
(() => {
  for (const button of document.querySelectorAll("[data-rest-no]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const row of button.form.querySelectorAll("fieldset")) {
        if (!row.querySelector("input[type=radio]:checked")) row.querySelector("input[type=radio][value=no]")?.click();
      }
      button.form.querySelector("button:not([type=button])").focus();
    });
  }
})();
