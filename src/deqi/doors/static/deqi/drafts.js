/* A form with data-draft keeps its fields on the server a second after the last key (never in the browser: a
   clinic's computers are shared) and gets them back when its page opens again. Its draft is named by the address
   the form posts to, so that each form of a page has its own; data-draft="x" adds "#x" where two post to one. */
"use strict";
(() => {
  const token = () => document.querySelector("meta[name=csrf]")?.content || "";
  const NAME = "draft_page";
  const DRAFTS = document.querySelector("meta[name=drafts]").content;
  const waiting = new Map();  // key -> what will be kept within the second
  const asked = new Set();    // keys whose drafts were fetched since the page opened
  let filling = false;

  const drafted = (element) => element.closest?.("form[data-draft]");
  const keyOf = (form) => new URL(form.getAttribute("action") || "", location).pathname + (form.dataset.draft && `#${form.dataset.draft}`);

  const fieldsOf = (form) => {
    const fields = {};
    for (const [name, value] of new FormData(form)) {
      if (name !== "csrfmiddlewaretoken" && name !== NAME && typeof value === "string") (fields[name] ||= []).push(value);
    }
    return fields;
  };

  /* A place of the body map carries its strength behind its id. */
  const place = (box, values) => {
    const marked = values?.find((value) => value.startsWith(`${box.dataset.id}:`));
    box.checked = !!marked;
    box.value = marked || box.dataset.id;
  };

  const put = (form, fields) => {
    const left = structuredClone(fields);
    filling = true;
    for (const field of form.elements) {
      if (!field.name || field.name === "csrfmiddlewaretoken" || ["file", "password", "submit", "button"].includes(field.type)) continue;
      const values = left[field.name];
      if (field.name === "region" && field.dataset.id) place(field, values);
      else if (field.type === "checkbox" || field.type === "radio") field.checked = !!values?.includes(field.value);
      else if (field.type === "select-multiple") for (const option of field.options) option.selected = !!values?.includes(option.value);
      else if (values?.length) field.value = values.shift();
      if (field.type === "hidden") continue;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    filling = false;
  };

  const tell = (form, savedAt, before) => {
    const note = document.createElement("div");
    note.className = "note ok";
    note.setAttribute("role", "status");
    const words = document.createElement("p");
    const time = new Date(savedAt).toLocaleString("en-GB", { hour: "2-digit", minute: "2-digit", day: "numeric", month: "short" });
    words.textContent = `What you typed is back, as it was at ${time}. It is not saved yet.`;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small";
    button.textContent = "Throw it away";
    button.addEventListener("click", () => { put(form, before); save(form, {}); note.remove(); });
    const row = document.createElement("div");
    row.append(button);
    note.append(words, row);
    form.prepend(note);
  };

  const save = (form, fields) => fetch(`${DRAFTS}?page=${encodeURIComponent(keyOf(form))}`, {
    method: "POST", keepalive: true, redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() }, body: JSON.stringify(fields),
  }).catch(() => {});

  const forget = (form) => {
    const key = keyOf(form);
    clearTimeout(waiting.get(key)?.timer);
    waiting.delete(key);
  };
  const keep = (key) => {
    const { form, timer } = waiting.get(key);
    clearTimeout(timer);
    waiting.delete(key);
    save(form, fieldsOf(form));
  };

  document.addEventListener("formdata", (event) => {
    const form = drafted(event.target);
    if (form) event.formData.set(NAME, keyOf(form));
  });
  document.addEventListener("input", (event) => {
    const form = !filling && drafted(event.target.form || event.target);
    if (!form) return;
    forget(form);
    const key = keyOf(form);
    waiting.set(key, { form, timer: setTimeout(() => keep(key), 1000) });
  });
  document.addEventListener("submit", (event) => { if (drafted(event.target)) forget(event.target); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") for (const key of [...waiting.keys()]) keep(key);
  });

  /* Forms that were not on the page before get back what was typed in them. */
  const fill = () => {
    const fresh = new Map();
    for (const form of document.querySelectorAll("form[data-draft]")) {
      const key = keyOf(form);
      if (!asked.has(key)) fresh.set(key, form);
      asked.add(key);
    }
    if (!fresh.size) return;
    const query = [...fresh.keys()].map((key) => `page=${encodeURIComponent(key)}`).join("&");
    fetch(`${DRAFTS}?${query}`, { redirect: "manual" }).then(async (answer) => {
      if (answer.status !== 200) return;
      for (const [key, { fields, saved_at: savedAt }] of Object.entries((await answer.json()).drafts)) {
        const form = fresh.get(key);
        const before = fieldsOf(form);
        if (!form.isConnected || waiting.has(key)) continue;  // typing has begun
        if (JSON.stringify(before) === JSON.stringify(fields)) continue;
        put(form, fields);
        form.closest("details")?.setAttribute("open", "");
        tell(form, savedAt, before);
      }
    }).catch(() => {});
  };
  document.body.addEventListener("htmx:afterSettle", fill);
  fill();
})();
