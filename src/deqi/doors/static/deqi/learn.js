/* Makes the rows of a drawn chart reachable: one link over each trial of a forest plot, or each mechanism of the map,
   with a card of what stands behind it on hover, on focus and on the first tap. The card stays while one points at it
   and goes with Escape. Without JavaScript the table and the list on the page open the same records. */
"use strict";
(() => {
  const tellers = {
    trial: (datum) => ({
      name: `${datum.study}: ${datum.numbers.replace(/ +/g, " ")}`,
      lines: [["Effect", datum.numbers], ["People", datum.people], ["Weight", datum.weight], ["From", datum.trail], ["Read in", datum.where]],
    }),
    mechanism: (datum, all) => ({
      name: `${datum.mechanism}, in ${datum["seen in"]}: ${all.map((d) => `${d.findings} ${d.direction}`).join(", ")}`,
      lines: [["Seen in", datum["seen in"]], ...all.map((d) => [d.direction, String(d.findings)])],
    }),
  };
  const marks = { trial: "symbol", mechanism: "rect" };

  /* Rows as [{datum, all, top, bottom}] in px of the figure, from what the renderer left on each SVG node. */
  function rowsOf(figure) {
    const kind = figure.dataset.rows, box = figure.getBoundingClientRect(), rows = new Map();
    figure.querySelectorAll(".plot svg path").forEach((node) => {
      const item = node.__data__, datum = item?.datum;
      if (!datum?.id || item.mark?.marktype !== marks[kind]) return;
      const at = node.getBoundingClientRect();
      const key = kind === "trial" ? `${datum.id} ${datum.y}` : `${datum.id} ${datum["seen in"]}`;
      const row = rows.get(key) ?? { datum, all: [], middle: (at.top + at.bottom) / 2 - box.top };
      row.all.push(datum);
      rows.set(key, row);
    });
    return [...rows.values()].sort((a, b) => a.middle - b.middle);
  }

  function card(figure, row, told) {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.id = `${figure.dataset.specId}-tip`;
    const list = document.createElement("dl");
    for (const [name, text] of told.lines) {
      if (!text) continue;
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name;
      dd.textContent = text;
      list.append(dt, dd);
    }
    const head = document.createElement("b");
    head.textContent = row.datum.study ?? row.datum.mechanism;
    tip.append(head, list);
    return tip;
  }

  function lay(figure) {
    figure.querySelector(".reach")?.remove();
    const rows = rowsOf(figure);
    if (!rows.length) return;
    const reach = document.createElement("div");
    reach.className = "reach";
    let shown = null, touched = false;
    const hide = () => { shown?.tip.remove(); shown?.link.removeAttribute("aria-describedby"); shown = null; };
    const gap = rows.slice(1).reduce((least, row, i) => Math.min(least, row.middle - rows[i].middle), 44);
    for (const row of rows) {
      const told = tellers[figure.dataset.rows](row.datum, row.all), link = document.createElement("a");
      link.href = figure.dataset.opens.replace("ID", row.datum.id.split("/")[0]);
      link.setAttribute("aria-label", told.name);
      link.style.top = `${row.middle - gap / 2}px`;
      link.style.height = `${gap}px`;
      const show = () => {
        if (shown?.link === link) return;
        hide();
        const tip = card(figure, row, told);
        tip.style.top = `${row.middle + gap / 2}px`;
        link.setAttribute("aria-describedby", tip.id);
        reach.append(tip);
        shown = { link, tip };
      };
      link.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch" && shown?.link !== link; });
      link.addEventListener("pointerenter", (event) => { if (event.pointerType !== "touch") show(); });
      link.addEventListener("focus", show);
      link.addEventListener("click", (event) => { if (touched) { event.preventDefault(); touched = false; show(); } });
      reach.append(link);
    }
    reach.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") hide(); });
    reach.addEventListener("focusout", hide);
    reach.addEventListener("keydown", (event) => { if (event.key === "Escape" && shown) { event.stopPropagation(); hide(); } });
    figure.append(reach);
  }

  /* Whenever the picture is drawn anew or changes its size, the links follow. */
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => { if (entry.target.isConnected) lay(entry.target); }));
  function watch(figure) {
    if (figure.dataset.watched) return;
    figure.dataset.watched = "yes";
    new MutationObserver((changes) => { if (changes.some((c) => c.target.closest?.(".plot") || [...c.addedNodes].some((n) => n.classList?.contains("plot")))) lay(figure); })
      .observe(figure, { childList: true, subtree: true });
    sizes.observe(figure);
    lay(figure);
  }
  const watchAll = () => document.querySelectorAll("figure.chart[data-rows]").forEach(watch);
  watchAll();
  document.body.addEventListener("htmx:afterSwap", watchAll);

  /* A year half typed is no year yet: nothing is asked until it has four digits. */
  document.querySelector("[data-explorer]")?.addEventListener("htmx:confirm", (event) => {
    const half = [...event.target.querySelectorAll("[pattern]")].some((field) => field.value && !/^[0-9]{4}$/.test(field.value));
    if (half) event.preventDefault();
  });
})();
