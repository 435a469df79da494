// What is typed into a form[data-draft] stays in this browser until it is saved: it outlives the end of the session,
// a closed page and a lost connection. The value of data-draft names the draft, with whose it is.
"use strict";

(() => {
  const PREFIX = "safar-draft:";
  const PENDING = "safar-draft-sent";
  const KEPT_MS = 30 * 24 * 3600 * 1000;
  const forms = [...document.querySelectorAll("form[data-draft]")];
  const keyOf = (form) => PREFIX + form.dataset.draft;

  function fieldsOf(form) {
    const fields = {};
    for (const field of form.elements) {
      if (!field.name || /^(hidden|password|file|submit|button|search)$/.test(field.type)) continue;
      if (field.type === "radio" && !field.checked) continue;
      fields[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    return fields;
  }

  function put(form, fields) {
    for (const [name, value] of Object.entries(fields)) {
      const found = [...form.elements].filter((field) => field.name === name);
      if (found[0]?.type === "radio") {
        const chosen = found.find((field) => field.value === value);
        const part = form.querySelector("[data-draft-part]"); // lists more choices than the page shows
        if (chosen) chosen.checked = true;
        else if (part) htmx.ajax("GET", part.dataset.draftPart + encodeURIComponent(value), { target: part });
      } else if (found[0]?.type === "checkbox") found[0].checked = value === true;
      else if (found[0]) found[0].value = value;
      found[0]?.closest("details")?.setAttribute("open", "");
    }
  }

  function read(key) {
    try {
      const draft = JSON.parse(localStorage.getItem(key));
      if (draft && Date.now() - draft.at < KEPT_MS) return draft;
    } catch {} // not ours, or the browser keeps nothing
    return null;
  }

  function offer(form, draft) {
    const bar = form.querySelector("[data-draft-bar]");
    const when = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    bar.querySelector("[data-draft-at]").textContent = when.format(draft.at);
    bar.hidden = false;
    bar.querySelector("[data-draft-discard]").addEventListener("click", () => {
      localStorage.removeItem(keyOf(form));
      location.reload();
    });
  }

  // What was sent and led to another page of somebody signed in has been saved.
  const sent = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  const signedIn = document.querySelector("aside.navbar") !== null;
  if (sent && signedIn && !forms.some((form) => keyOf(form) === sent)) localStorage.removeItem(sent);

  for (const form of forms) {
    const asServed = JSON.stringify(fieldsOf(form));
    const draft = form.hasAttribute("data-draft-typed") ? null : read(keyOf(form));
    if (draft && JSON.stringify(draft.fields) !== asServed) {
      put(form, draft.fields);
      offer(form, draft);
      form.dispatchEvent(new CustomEvent("draft:back", { bubbles: true }));
    }
    form.addEventListener("input", () => {
      try {
        localStorage.setItem(keyOf(form), JSON.stringify({ at: Date.now(), fields: fieldsOf(form) }));
      } catch {} // full, or forbidden: the form works without
    });
    form.addEventListener("submit", () => sessionStorage.setItem(PENDING, keyOf(form)));
  }
})();
