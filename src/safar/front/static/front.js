// Small improvements of pages that work without them: theme, menus, quantity steppers, one submit per form.
"use strict";

const THEMES = ["auto", "light", "dark"];

function showTheme(button, theme) {
  button.setAttribute("aria-label", button.dataset[theme]);
  button.title = button.dataset[theme];
  for (const picture of button.querySelectorAll("[data-theme-icon]")) {
    picture.hidden = picture.dataset.themeIcon !== theme;
  }
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  const root = document.documentElement;
  button.hidden = false;
  showTheme(button, root.dataset.theme);
  button.addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    showTheme(button, theme);
  });
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  closeMenus(null);
  if (menu) menu.querySelector("summary").focus();
});

function bindStepper(stepper) {
  if (stepper.dataset.stepper) return;
  stepper.dataset.stepper = "bound";
  const input = stepper.querySelector("input");
  const buttons = stepper.querySelectorAll("[data-step]");
  const bounds = () => {
    for (const button of buttons) {
      const next = Number(input.value) + Number(button.dataset.step);
      button.disabled = next < Number(input.min) || next > Number(input.max);
    }
  };
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (Number(button.dataset.step) > 0) input.stepUp();
      else input.stepDown();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  let due = 0;
  input.addEventListener("input", bounds);
  input.addEventListener("change", () => {
    bounds();
    if (!("autosubmit" in stepper.dataset) || !input.checkValidity()) return;
    clearTimeout(due);
    due = setTimeout(() => input.form.requestSubmit(), 500);
  });
  bounds();
}

document.querySelectorAll("[data-stepper]").forEach(bindStepper);
document.addEventListener("htmx:load", (event) => {
  event.detail.elt.querySelectorAll("[data-stepper]").forEach(bindStepper);
});

// <form data-once>: a second click while the first is on its way sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("once" in form.dataset)) return;
  if (form.dataset.once === "sent") event.preventDefault();
  form.dataset.once = "sent";
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
});
// Also for goods.js and chat.js.
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();  // https and localhost only
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// The page came back from memory: what is sent now is another request. An order keeps its id.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const id of document.querySelectorAll("input[name=request_id], form[data-once] input[type=hidden][name=id]")) {
    id.value = newId();
  }
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.dataset.once = "";
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// <form data-send-on-change>: choosing sends it; its button is for those without scripts.
for (const form of document.querySelectorAll("form[data-send-on-change]")) {
  form.querySelector("button[type=submit]").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
}

// Suggestions come with htmx, which is fetched when somebody begins to search.
const search = document.getElementById("q");
const suggestions = document.getElementById("suggestions");
if (search && suggestions) {
  search.addEventListener("focus", () => {
    if (window.htmx) return;
    const script = document.createElement("script");
    script.src = search.dataset.htmx;
    script.addEventListener("load", () => search.dispatchEvent(new Event("input", { bubbles: true })));
    document.head.append(script);
  }, { once: true });
  const close = () => suggestions.replaceChildren();
  search.form.addEventListener("keydown", (event) => {
    const links = [search, ...suggestions.querySelectorAll("a")];
    if (event.key === "Escape") {
      close();
      search.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      if (links[next] && links.length > 1) {
        links[next].focus();
        event.preventDefault();
      }
    }
  });
  document.addEventListener("click", (event) => {
    if (!search.form.contains(event.target)) close();
  });
}

// An answer that comes late replaces choices as they were when it was asked for: what was chosen meanwhile stays chosen.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  for (const { name, value } of detail.target.querySelectorAll("input[type=radio]:checked")) {
    const same = `input[type=radio][name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`;
    const offered = detail.fragment.querySelector(same);
    for (const other of offered ? detail.fragment.querySelectorAll(`input[type=radio][name="${CSS.escape(name)}"]`) : []) {
      other.toggleAttribute("checked", other === offered);
    }
  }
});

// A field that is there to be copied from.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input[data-select]")) event.target.select();
});

// A form that came back with errors: start where the first one is.
const firstError = document.querySelector("main [aria-invalid=true]");
if (firstError) firstError.focus();
