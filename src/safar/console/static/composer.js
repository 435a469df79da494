// The composer of a conversation: keeps the draft on the server, offers saved replies behind "/" and colleagues behind
// "@", and sends with the keys that fit the channel.
"use strict";

(() => {
  const DRAFT_MS = 700;
  const form = document.querySelector("form[data-composer]");
  const field = (name) => form.elements[name];

  // A list of choices under the caret's word: arrows, Enter or Tab take one, Escape closes.
  function chooser(box, list, pattern, find, put) {
    let shown = [];
    let at = 0;
    const close = () => ((list.hidden = true), (shown = []), box.removeAttribute("aria-activedescendant"));
    const word = () => pattern.exec(box.value.slice(0, box.selectionStart));

    function mark(index) {
      at = (index + shown.length) % shown.length;
      [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
      list.children[at].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", list.children[at].id);
    }

    function take(choice) {
      const found = word();
      if (!found) return close();
      const end = box.selectionStart;
      const start = end - found[2].length - 1;
      box.setRangeText(put(choice), start, end, "end");
      close();
      box.focus();
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }

    async function show() {
      const found = word();
      if (!found) return close();
      const wanted = found[2].toLowerCase();
      const choices = await find(wanted);
      if (word()?.[2].toLowerCase() !== wanted) return; // typed on meanwhile
      shown = choices;
      list.replaceChildren(
        ...choices.map(({ label, text }, n) => {
          const item = document.createElement("li");
          item.id = `${box.id}-choice-${n}`;
          item.setAttribute("role", "option");
          const name = document.createElement("bdi");
          const words = document.createElement("span");
          name.textContent = label;
          words.textContent = text ?? "";
          words.dir = "auto";
          item.append(name, words);
          item.addEventListener("mousedown", (event) => (event.preventDefault(), take(choices[n])));
          return item;
        })
      );
      list.hidden = !choices.length;
      if (choices.length) mark(0);
    }

    box.addEventListener("input", show);
    box.addEventListener("blur", close);
    box.addEventListener("keydown", (event) => {
      if (list.hidden || event.isComposing) return;
      const moves = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in moves) mark(at + moves[event.key]);
      else if (event.key === "Enter" || event.key === "Tab") take(shown[at]);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    });
  }

  // Colleagues, in notes.
  for (const box of document.querySelectorAll("textarea[data-mention]")) {
    const names = [...box.form.querySelector("[data-colleagues]").content.children].map((name) => name.textContent);
    const find = (wanted) => names.filter((name) => name.toLowerCase().includes(wanted)).map((label) => ({ label }));
    const list = box.form.querySelector("[data-choices]");
    chooser(box, list, /(^|\s)@([\p{L}\p{M}\p{N}._-]*)$/u, find, ({ label }) => `@${label} `);
  }
  if (!form) return;
  const box = field("text");

  // Saved replies: asked for once, with the first "/".
  let replies = null;
  async function found(wanted) {
    replies ??= fetch(`${form.dataset.inbox}/replies`, { headers: { accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer)))
      .then((body) => body.replies.map(({ shortcut, text }) => ({ label: `/${shortcut}`, text })))
      .catch(() => ((replies = null), []));
    return (await replies).filter(({ label }) => label.toLowerCase().includes(wanted));
  }
  chooser(box, form.querySelector("[data-choices]"), /(^|\s)\/([\p{L}\p{M}\p{N}_-]*)$/u, found, ({ text }) => text);

  // Chat goes with Enter, e-mail only with Ctrl and Enter.
  const isChat = () => field("to").selectedOptions[0]?.dataset.kind !== "email" && field("to").value !== "";
  const hint = form.querySelector("[data-enter-hint]");
  const showHint = () => (hint.textContent = isChat() ? hint.dataset.chat : hint.dataset.mail);
  field("to").addEventListener("change", showHint);
  showHint();
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return;
    if (!(event.ctrlKey || event.metaKey || isChat())) return;
    event.preventDefault();
    if (box.value.trim()) form.requestSubmit();
  });

  // The draft.
  const state = form.querySelector("[data-draft-state]");
  let timer = 0;
  let kept = box.value;
  function keep() {
    clearTimeout(timer);
    timer = 0;
    if (box.value === kept) return;
    const text = box.value;
    const body = new URLSearchParams({ id: field("id").value, text, to: field("to").value });
    fetch(`${form.dataset.inbox}/draft`, { method: "POST", body, keepalive: true })
      .then((answer) => {
        if (!answer.ok) throw answer;
        kept = text;
        state.textContent = text.trim() ? state.dataset.keptWords : "";
      })
      .catch(() => (state.textContent = state.dataset.lostWords));
  }
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, DRAFT_MS);
  });
  window.addEventListener("pagehide", () => timer && keep());
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    timer = 0;
  });

  // Who else looks or types: told every few seconds while this page is in front.
  const LOOK_MS = 6000;
  const TYPING_MS = 8000;
  const onlookers = document.querySelector("[data-onlookers]");
  let typedAt = -TYPING_MS;
  const tell = (doing) =>
    fetch(`${form.dataset.inbox}/onlookers`, { method: "POST", body: new URLSearchParams({ doing }), keepalive: true });
  async function look() {
    if (document.hidden) return;
    try {
      const answer = await tell(performance.now() - typedAt < TYPING_MS ? "types" : "looks");
      if (!answer.ok) return;
      const { others } = await answer.json();
      onlookers.textContent = others.join(" ");
      onlookers.hidden = !others.length;
    } catch {} // the line at the top says that the connection is lost
  }
  box.addEventListener("input", () => {
    const begins = performance.now() - typedAt >= TYPING_MS;
    typedAt = performance.now();
    if (begins) look();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? tell("left").catch(() => {}) : look()));
  setInterval(look, LOOK_MS);
  look();
})();
