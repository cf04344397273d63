/* The end of a session: two minutes before, a quiet question; at the end, the sign-in page, which leads back here.
   Any request counts as being there, in any tab (a time stamp in localStorage tells the other tabs). */
"use strict";
(() => {
  const idle = Number(document.querySelector("meta[name=idle-seconds]")?.content) * 1000;
  const dialog = document.getElementById("idle");
  if (!idle || !dialog) return;
  const grain = Math.min(60000, idle / 10) + 1500;  // the server may end it this much later
  const KEY = "deqi-last-request";
  const left = dialog.querySelector("[data-left]");
  const warnAt = idle - Math.min(120000, idle / 2);
  const token = () => document.querySelector("meta[name=csrf]")?.content || "";
  let last = Date.now();

  const seen = () => {
    last = Date.now();
    try { localStorage.setItem(KEY, String(last)); } catch { /* a browser without storage: each tab for itself */ }
    if (dialog.open) dialog.close();
  };
  addEventListener("storage", (event) => {
    if (event.key === KEY && Number(event.newValue) > last) { last = Number(event.newValue); if (dialog.open) dialog.close(); }
  });

  const plain = window.fetch;
  window.fetch = (...given) => plain(...given).then((answer) => { if (answer.ok) seen(); return answer; });
  document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful && !event.detail.requestConfig.headers["X-By-Itself"]) seen(); });

  dialog.addEventListener("close", () => {
    if (Date.now() - last < warnAt) return;
    fetch(dialog.dataset.stay, { method: "POST", redirect: "manual", headers: { "X-CSRFToken": token() } }).catch(() => {});
  });

  setInterval(() => {
    const quiet = Date.now() - last;
    if (quiet >= idle + grain) {
      location.assign(`${dialog.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`);
    } else if (quiet >= warnAt) {
      const seconds = Math.max(0, Math.ceil((idle - quiet) / 1000));
      left.textContent = seconds > 60 ? "2 minutes" : seconds > 20 ? "1 minute" : "a few seconds";
      if (!dialog.open) dialog.showModal();
    }
  }, 500);
  seen();
})();
