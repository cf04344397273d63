/* The drawings of the intake: a tap on a place ticks it in the list, with the strength chosen above. Without this
   file the list alone does the work. */
"use strict";
(() => {
  const map = document.getElementById("bodymap");
  if (!map) return;
  const boxes = new Map([...map.querySelectorAll("input[name=region]")].map((box) => [box.dataset.id, box]));
  const said = document.querySelector("[data-said]");
  const level = () => Number(map.querySelector("input[name=level]:checked")?.value || map.dataset.level);

  map.querySelectorAll("[data-needs-js]").forEach((part) => { part.hidden = false; });
  map.querySelectorAll("[data-list]").forEach((list) => { list.open = false; });
  map.querySelectorAll("path.region").forEach((path) => { path.setAttribute("tabindex", "-1"); });

  const show = (id) => {
    const box = boxes.get(id);
    const strong = box.checked ? Number(box.value.split(":")[1]) : 0;
    box.closest("label").querySelector("[data-level]").textContent = strong || "";
    map.querySelectorAll(`path.region[data-region="${id}"]`).forEach((path) => {
      path.classList.toggle("is-on", strong > 0);
      path.setAttribute("aria-pressed", String(strong > 0));
      path.setAttribute("fill-opacity", strong ? (0.14 + 0.06 * strong).toFixed(2) : "0");
    });
  };
  const mark = (id, on) => {
    const box = boxes.get(id);
    if (!box) return;
    box.checked = on;
    box.value = on ? `${id}:${level()}` : id;
    show(id);
  };
  const count = () => {
    let all = 0;
    for (const part of map.querySelectorAll("[data-part]")) {
      const n = part.querySelectorAll("input[name=region]:checked").length;
      const tag = map.querySelector(`[data-group="${part.dataset.part}"] [data-count]`);
      tag.textContent = n;
      tag.hidden = !n;
      all += n;
    }
    if (said) said.textContent = all === 1 ? "1 place marked" : all ? `${all} places marked` : "";
  };
  /* Kept as it is tapped: a session that ends or a phone that is put away loses nothing. */
  const form = map.closest("form");
  let timer = 0;
  const keep = () => {
    count();
    if ("whole" in form.dataset) { form.dispatchEvent(new Event("input", { bubbles: true })); return; } // sent whole: a draft until then
    clearTimeout(timer);
    timer = setTimeout(() => fetch(location.href, { method: "POST", body: new FormData(form), redirect: "manual", keepalive: true }).catch(() => {}), 600);
  };
  form.addEventListener("submit", () => clearTimeout(timer));

  map.addEventListener("click", (event) => {
    const place = event.target.closest("path.region");
    if (place) {
      mark(place.dataset.region, !boxes.get(place.dataset.region)?.checked);
      keep();
      return;
    }
    const fill = event.target.closest("[data-fill]");
    if (fill) {
      const ids = fill.dataset.fill.split(" ");
      const on = !ids.every((id) => boxes.get(id)?.checked);
      ids.forEach((id) => mark(id, on));
      keep();
      return;
    }
    const tab = event.target.closest("[data-group]");
    if (tab) open(tab.dataset.group);
  });
  map.addEventListener("change", (event) => {
    if (event.target.name !== "region") return;
    if (event.target.checked && event.target.value.includes(":")) { show(event.target.dataset.id); count(); }  // a draft came back
    else { mark(event.target.dataset.id, event.target.checked); keep(); }
  });
  const open = (key) => {
    map.querySelectorAll("[data-group]").forEach((tab) => tab.setAttribute("aria-pressed", String(tab.dataset.group === key)));
    map.querySelectorAll("[data-part]").forEach((part) => { part.hidden = part.dataset.part !== key; });
  };
  open(map.querySelector("[data-part]").dataset.part);
  count();
})();
