// The checkout over a reload: what was typed stays in this tab, and nowhere else, until it is ordered or forgotten.
"use strict";

const DRAFT = "safar-checkout";
const form = document.querySelector("form[data-draft]");
const LEFT_OUT = new Set(["order_id", "expected_total_minor", "code"]);

function readDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT) || "{}");
  } catch {
    return {};
  }
}

function keepDraft() {
  const draft = {};
  for (const [name, value] of new FormData(form)) if (!LEFT_OUT.has(name)) draft[name] = value;
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // A browser without storage: then the fields are empty after a reload.
  }
}

function fill(draft, names) {
  for (const field of form.elements) {
    if (!(field.name in draft) || !names(field.name)) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === draft[field.name];
    else if (field.type !== "hidden") field.value = draft[field.name];
  }
}

if (form) {
  const wrong = form.querySelector("[aria-invalid=true]"); // the server has sent what was typed itself
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const draft = readDraft();
  const country = form.elements.country;
  if (!wrong && (reloaded || !form.elements.email.value)) {
    const other = draft.country && country.value !== draft.country;
    fill(draft, () => true);
    if (other && country.value === draft.country) {
      // The fields of that country come from the server; then what belongs into them.
      form.addEventListener("htmx:afterSettle", () => fill(draft, (name) => ["region", "postcode", "city"].includes(name)), { once: true });
      document.addEventListener("DOMContentLoaded", () => country.dispatchEvent(new Event("change", { bubbles: true })));
    }
  }
  // The countries stand on the page once, in the field of the delivery: the bill suggests the same.
  const billed = form.elements.billing_country;
  if (billed) {
    const names = document.createElement("datalist");
    names.id = "countries";
    for (const { text } of country.options) names.append(new Option(text, text));
    form.append(names);
    billed.setAttribute("list", names.id);
  }
  form.addEventListener("input", keepDraft);
  form.addEventListener("change", keepDraft);
  document.querySelector("form[action='/checkout/forget']")?.addEventListener("submit", () => sessionStorage.removeItem(DRAFT));
}
