/* Draws every <figure class="chart" data-spec-id="..."> from its <script type="application/json"> block. Colours
   written as var(--name) become the theme's own; the chart is drawn again when light turns to dark. The picture is
   for the eye: the table beside it holds the same numbers. Nothing moves. */
"use strict";
(() => {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  const themed = (text) => text.replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => colour(name));

  async function draw(figure) {
    const block = document.getElementById(figure.dataset.specId);
    if (!block) return;
    const place = figure.querySelector(".plot") || figure.insertBefore(document.createElement("div"), figure.firstChild);
    place.className = "plot";
    place.setAttribute("aria-hidden", "true");
    figure.view?.finalize();
    const drawn = await vegaEmbed(place, JSON.parse(themed(block.textContent)), {
      ast: true, defaultStyle: false, tooltip: false, actions: false, renderer: "svg",
    });
    figure.view = drawn.view;
  }

  const all = () => document.querySelectorAll("figure.chart[data-spec-id]");
  const drawAll = () => Promise.all([...all()].map(draw)).then(() => document.body.dataset.charts = "drawn");
  /* The font first: text is measured once. */
  (document.fonts?.ready ?? Promise.resolve()).then(drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  document.body.addEventListener("htmx:afterSwap", (event) => event.detail.elt.querySelectorAll("figure.chart[data-spec-id]").forEach(draw));
})();
