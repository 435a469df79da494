// The console's own script. Loaded in the head without `defer`: the theme must stand before the first paint.
"use strict";

(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function applyTheme() {
    const chosen = root.dataset.theme;
    root.dataset.bsTheme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === chosen));
    }
  }

  function setTheme(theme) {
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    applyTheme();
  }

  // Live indicator. After a gap, parts with hx-trigger="live:resumed from:body" ask for their fresh state.
  let lost = false;
  function showLive(state) {
    const indicator = document.getElementById("live-state");
    if (!indicator) return;
    indicator.hidden = false;
    indicator.dataset.state = state;
    indicator.querySelector(".live-word").textContent = indicator.dataset[state];
    indicator.title = indicator.dataset[state];
    if (state === "live" && lost) document.body.dispatchEvent(new CustomEvent("live:resumed"));
    lost = state !== "live";
  }

  // [data-follow]: a conversation stays at its end while the reader is there, and where it is when they have scrolled up.
  const AT_END_PX = 80;
  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
  function follow(box) {
    if (box.dataset.following) return;
    box.dataset.following = "yes";
    let stay = true;
    box.scrollTop = box.scrollHeight;
    box.addEventListener("scroll", () => (stay = atEnd(box)), { passive: true });
    new MutationObserver(() => {
      if (stay) box.scrollTop = box.scrollHeight;
    }).observe(box, { childList: true, subtree: true });
  }
  const followAll = () => document.querySelectorAll("[data-follow]").forEach(follow);

  // A row of tabs that is wider than the screen shows the one that is open.
  function showTab() {
    const tab = document.querySelector(".stock-tabs [aria-current]");
    if (!tab) return;
    const row = tab.closest(".stock-tabs");
    const middle = (box) => box.getBoundingClientRect().left + box.clientWidth / 2;
    row.scrollLeft += middle(tab) - middle(row);
  }

  const typing = (node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "/" && !typing(event.target)) {
      const search = document.querySelector("[data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
  }

  function flash(text) {
    const box = document.getElementById("flash");
    if (!box) return;
    box.querySelector("p").textContent = text;
    box.hidden = false;
    clearTimeout(flash.timer);
    flash.timer = setTimeout(() => (box.hidden = true), 8000);
  }

  function onFailure(event) {
    const box = document.getElementById("flash");
    const answer = event.detail.xhr;
    if (answer && answer.status === 401) return location.reload();
    flash(answer && answer.status ? box.dataset.refused : box.dataset.offline);
  }

  applyTheme();
  dark.addEventListener("change", applyTheme);
  document.addEventListener("DOMContentLoaded", () => {
    applyTheme();
    followAll();
    showTab();
    const { body } = document;
    body.addEventListener("click", (event) => {
      const button = event.target.closest("[data-set-theme]");
      if (button) setTheme(button.dataset.setTheme);
    });
    body.addEventListener("htmx:sseOpen", () => showLive("live"));
    body.addEventListener("htmx:sseError", () => showLive("lost"));
    body.addEventListener("htmx:afterSettle", followAll);
    body.addEventListener("htmx:responseError", onFailure);
    body.addEventListener("htmx:sendError", onFailure);
  });
  document.addEventListener("keydown", onKey);
})();
