/* A form with data-draft="/drafts/?page=…" keeps its fields on the server a second after the last key (never in
   the browser: a clinic's computers are shared) and gets them back when the page opens again. */
"use strict";
(() => {
  const token = () => document.querySelector("meta[name=csrf]")?.content || "";
  const NAME = "draft_page";

  const fieldsOf = (form) => {
    const fields = {};
    for (const [name, value] of new FormData(form)) {
      if (name !== "csrfmiddlewaretoken" && name !== NAME && typeof value === "string") (fields[name] ||= []).push(value);
    }
    return fields;
  };

  const put = (form, fields) => {
    const left = structuredClone(fields);
    for (const field of form.elements) {
      if (!field.name || field.name === "csrfmiddlewaretoken" || ["file", "password", "submit", "button"].includes(field.type)) continue;
      const values = left[field.name];
      if (field.type === "checkbox" || field.type === "radio") field.checked = !!values?.includes(field.value);
      else if (field.type === "select-multiple") for (const option of field.options) option.selected = !!values?.includes(option.value);
      else if (values?.length) field.value = values.shift();
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
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

  const save = (form, fields) => fetch(form.dataset.draft, {
    method: "POST", keepalive: true, redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() }, body: JSON.stringify(fields),
  }).catch(() => {});

  for (const form of document.querySelectorAll("form[data-draft]")) {
    let timer = 0, filling = false;
    const page = new URL(form.dataset.draft, location).searchParams.get("page");
    form.addEventListener("formdata", (event) => event.formData.set(NAME, page));
    form.addEventListener("input", () => {
      if (filling) return;
      clearTimeout(timer);
      timer = setTimeout(() => save(form, fieldsOf(form)), 1000);
    });
    form.addEventListener("submit", () => clearTimeout(timer));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && timer && !form.dataset.sent) { clearTimeout(timer); timer = 0; save(form, fieldsOf(form)); }
    });
    fetch(form.dataset.draft, { redirect: "manual" }).then(async (answer) => {
      if (answer.status !== 200) return;
      const { fields, saved_at: savedAt } = await answer.json();
      const before = fieldsOf(form);
      if (timer || JSON.stringify(before) === JSON.stringify(fields)) return;  // typing has begun, or nothing new
      filling = true;
      put(form, fields);
      filling = false;
      tell(form, savedAt, before);
    }).catch(() => {});
  }
})();
