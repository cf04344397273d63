/* The visit and the day board: rings that count on from the server's time, the focus after a part was saved,
   a suggestion put in place of a word, and a sound when the time is up (only once somebody asked for it). */
"use strict";
(() => {
  const started = new WeakMap();
  let sound = null;
  let rung = false;

  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

  function beep() {
    if (!sound || rung) return;
    rung = true;
    for (const at of [0, 0.5, 1]) {
      const tone = sound.createOscillator();
      const loud = sound.createGain();
      tone.frequency.value = 660;
      loud.gain.value = 0.15;
      tone.connect(loud).connect(sound.destination);
      tone.start(sound.currentTime + at);
      tone.stop(sound.currentTime + at + 0.25);
    }
  }

  function tick() {
    let over = 0;
    for (const ring of document.querySelectorAll("svg.ring[data-planned]")) {
      if (!started.has(ring)) started.set(ring, Date.now());
      const planned = Number(ring.dataset.planned);
      const left = planned - Number(ring.dataset.gone) - Math.floor((Date.now() - started.get(ring)) / 1000);
      const word = left < 0 ? "over" : "left";
      if (left < 0) over += 1;
      ring.classList.toggle("over", left < 0);
      ring.closest(".count, .room")?.classList.toggle("over", left < 0);
      ring.querySelector(".clock").textContent = clock(Math.abs(left));
      ring.querySelector(".word").textContent = word;
      ring.querySelector(".arc").setAttribute("stroke-dasharray", `${left < 0 ? 1 : (left / planned).toFixed(4)} 1`);
      if (left % 60 === 0 || left === -1) ring.setAttribute("aria-label", `${clock(Math.abs(left))} ${word}`);
    }
    const title = document.title.replace(/^● /, "");
    document.title = over ? `● ${title}` : title;
    if (over) beep(); else rung = false;
  }
  tick();
  setInterval(tick, 1000);

  function arrived(event) {
    tick();
    if (event?.target.closest("#trial")) return;  // drawn while somebody types the line: nothing was saved
    document.querySelector("dialog[data-open]:not([open])")?.showModal();
    const wanted = document.querySelector("#visit [data-focus]");
    if (wanted) wanted.focus();
    const said = document.getElementById("said");
    const words = document.querySelector("#visit [role=alert]");
    if (said && !words) said.textContent = document.querySelector("#visit .step.now")?.textContent.trim() || "Saved";
  }
  document.body.addEventListener("htmx:afterSettle", arrived);

  /* Saving one part draws the whole visit again: what stands typed in the other parts is carried over. */
  let typed = [];
  const place = (field) => [field.form?.getAttribute("action"), field.name, field.type === "radio" || field.type === "checkbox" ? field.value : ""].join(" ");
  const changed = (field) => field.type === "radio" || field.type === "checkbox"
    ? field.checked !== field.defaultChecked
    : field.matches("select") ? ![...field.selectedOptions].every((o) => o.defaultSelected) : field.value !== field.defaultValue;
  const fields = () => [...document.querySelectorAll("#visit :is(input:not([type=hidden]), select, textarea)[name]")];
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const sent = event.detail.requestConfig?.elt?.closest("form");
    typed = fields().filter((field) => field.form !== sent && changed(field))
      .map((field) => ({ place: place(field), value: field.value, checked: field.checked }));
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    for (const field of fields()) {
      const kept = typed.find((one) => one.place === place(field));
      if (!kept) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = kept.checked;
      else field.value = kept.value;
      field.closest("details")?.setAttribute("open", "");
    }
    typed = [];
  });
  arrived();

  /* Opened by Alt P, the first protocol is one Enter away. */
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.protocols[open]")) event.target.querySelector("button, input:not([type=hidden])")?.focus();
  }, true);

  document.addEventListener("click", (event) => {
    const put = event.target.closest("[data-put]");
    if (put) {
      const line = put.closest("form").querySelector("[name=line]");
      line.value = line.value.slice(0, Number(put.dataset.start)) + put.dataset.put + line.value.slice(Number(put.dataset.end));
      line.focus();
      line.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const bell = event.target.closest("[data-sound]");
    if (bell) {
      sound = sound ? null : new AudioContext();
      rung = false;
      bell.setAttribute("aria-pressed", String(Boolean(sound)));
    }
  });
})();
