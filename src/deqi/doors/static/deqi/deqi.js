/* What every page does: `/` finds a patient, a form is sent once, dialogs open by their buttons. What is typed
   is kept by drafts.js, the end of a session is announced by idle.js. */
"use strict";
(() => {
  const token = () => document.querySelector("meta[name=csrf]")?.content || "";

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey) return;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (!event.altKey && typing) return;
    const wanted = (event.altKey ? "alt+" : "") + event.key.toLowerCase();
    const target = document.querySelector(`[data-key="${CSS.escape(wanted)}"]`);
    if (!target) return;
    event.preventDefault();
    target.matches("input, textarea, select") ? target.focus() : target.click();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 8000);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((f) => { delete f.dataset.sent; }));

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog)?.showModal(); }
    const closer = event.target.closest("[data-close]");
    if (closer) { event.preventDefault(); closer.closest("dialog")?.close(); }
    if (event.target.closest("[data-print]")) print();
  });

  document.body.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = token(); });
})();
