// The chat. POST data-send {id, text}; EventSource data-stream, events `message` with JSON
//   {id, author: "customer" | "bot" | "staff", name, text, at_text} and optionally `typing`;
// GET data-history [message] or {messages: [message]}. An id is made here once: a repeated send carries the same
// one, so the server keeps one message. The stream is opened only by somebody who chats.
"use strict";

(() => {
  const chat = document.getElementById("chat");
  if (!chat) return;
  const words = JSON.parse(document.getElementById("chat-words").textContent);
  const part = (name) => chat.querySelector(`[data-chat="${name}"]`);
  const panel = document.getElementById("chat-panel");
  const log = part("log");
  const box = chat.querySelector("textarea");
  const seen = new Map(); // id → bubble
  const waiting = JSON.parse(sessionStorage.getItem("chat-waiting") ?? "[]"); // [{id, text}], oldest first
  const TRIES_MAX = 6;
  const WAITING_MAX = 20;
  const WAIT_MAX_MS = 20_000;
  let stream = null;
  let refused = 0; // times in a row
  let sending = false;
  let unread = 0;
  let newest = ""; // id of the last message that is known
  const title = document.title;
  const LINK = /https?:\/\/[^\s<>"]{1,2000}[^\s<>".,;:!?)\]]/g;

  function element(name, className, text) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  // Messages

  function draw(message) {
    const who = message.author === "customer" ? words.you : message.name;
    const bubble = element("div", `bubble bubble-${message.author}`);
    const text = element("p", "", message.author === "customer" ? message.text : "");
    text.dir = "auto";
    if (message.author !== "customer") text.append(...linked(message.text));
    bubble.append(text, element("small", "", [who, message.at_text].filter(Boolean).join(" · ")));
    return bubble;
  }

  function linked(text) {
    const parts = [];
    let at = 0;
    for (const found of text.matchAll(LINK)) {
      const link = element("a", "", found[0]);
      link.href = found[0];
      link.rel = "noopener nofollow";
      parts.push(text.slice(at, found.index), link);
      at = found.index + found[0].length;
    }
    return [...parts, text.slice(at)];
  }

  function show(message) {
    const old = seen.get(message.id);
    const bubble = draw(message);
    seen.set(message.id, bubble);
    if (old) old.replaceWith(bubble);
    else log.append(bubble);
    part("typing")?.remove();
    log.scrollTop = log.scrollHeight;
    return old === undefined;
  }

  function showInOrder(message) {
    seen.get(message.id)?.remove();
    seen.delete(message.id);
    show(message);
  }

  function mark(id, state, again) {
    const bubble = seen.get(id);
    if (!bubble) return;
    const note = bubble.querySelector("small");
    bubble.dataset.state = state;
    note.textContent = state === "sent" ? words.you : words[state];
    if (again) {
      const button = element("button", "", words.retry);
      button.type = "button";
      button.addEventListener("click", again);
      note.append(" ", button);
    }
  }

  function showUnread() {
    part("unread").hidden = unread === 0;
    part("unread").textContent = unread ? new Intl.NumberFormat(document.documentElement.lang).format(unread) : "";
    part("unread-words").textContent = unread ? words.unread : "";
    document.title = unread ? `(${part("unread").textContent}) ${title}` : title;
  }

  // What this browser has read is kept by the id of the last message; the history says what came after it.

  function noteRead() {
    unread = 0;
    if (newest) localStorage.setItem("chat-read", newest);
    showUnread();
  }

  function countUnread(messages) {
    const read = messages.findIndex((message) => message.id === localStorage.getItem("chat-read"));
    const asked = messages.findLastIndex((message) => message.author === "customer");
    unread = messages.slice(Math.max(read, asked) + 1).length;
    showUnread();
  }

  function showTyping() {
    part("typing")?.remove();
    const dots = element("div", "typing");
    dots.dataset.chat = "typing";
    dots.setAttribute("aria-label", words.typing);
    dots.append(element("i"), element("i"), element("i"));
    log.append(dots);
    log.scrollTop = log.scrollHeight;
    setTimeout(() => dots.remove(), 8000);
  }

  // Connection

  function setConnection(state) {
    chat.dataset.connection = state;
    part("state").textContent = words[state];
  }

  function connect() {
    if (stream && stream.readyState !== EventSource.CLOSED) return;
    if (stream) loadHistory(); // a new stream knows nothing of what the old one missed
    else setConnection("connecting");
    stream = new EventSource(chat.dataset.stream);
    let later = false; // the server ended it, and answers again in a moment
    stream.addEventListener("open", () => {
      setConnection("live");
      later = false;
      refused = 0;
    });
    stream.addEventListener("later", () => { later = true; });
    stream.addEventListener("error", () => {
      if (later && stream.readyState !== EventSource.CLOSED) return;
      setConnection("lost");
      if (stream.readyState === EventSource.CLOSED) setTimeout(connect, Math.min(5000 * 2 ** refused++, 60_000));
    });
    stream.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      const isNew = show(message);
      newest = message.id;
      if (!panel.hidden) noteRead();
      if (!isNew || message.author === "customer" || !panel.hidden) return;
      unread += 1;
      showUnread();
    });
    stream.addEventListener("typing", showTyping);
  }

  async function loadHistory() {
    try {
      const response = await fetch(chat.dataset.history, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      const answer = await response.json();
      const early = [...seen.values()]; // came by the stream, or were written, while the history was on its way
      const messages = Array.isArray(answer) ? answer : answer.messages;
      messages.forEach(showInOrder);
      newest = messages.at(-1)?.id ?? newest;
      if (panel.hidden) countUnread(messages);
      else noteRead();
      log.append(...early.filter((bubble) => bubble.isConnected));
    } catch {
      // The stream says that the connection is lost, and brings what is new.
    }
  }

  // Sending: one at a time, so that messages arrive in the order in which they were written

  const keep = () => sessionStorage.setItem("chat-waiting", JSON.stringify(waiting));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  async function post(message) {
    for (let tried = 0; tried < TRIES_MAX; tried += 1) {
      let wait_ms = Math.min(1000 * 2 ** tried, WAIT_MAX_MS);
      try {
        const response = await fetch(chat.dataset.send, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(message),
        });
        if (response.ok) return true;
        if (response.status < 500 && response.status !== 429) return false;
        const asked_ms = 1000 * Number(response.headers.get("Retry-After"));
        if (asked_ms > 0) wait_ms = Math.min(asked_ms, WAIT_MAX_MS);
      } catch {
        // No network: the same message again, with the same id.
      }
      if (tried < TRIES_MAX - 1) await pause(wait_ms);
    }
    return false;
  }

  async function sendWaiting() {
    if (sending) return;
    sending = true;
    while (waiting.length) {
      const message = waiting[0];
      mark(message.id, "sending");
      const arrived = await post(message);
      waiting.shift();
      keep();
      if (arrived) mark(message.id, "sent");
      else mark(message.id, "failed", () => enqueue(message));
    }
    sending = false;
    connect();
  }

  function enqueue(message) {
    if (waiting.length >= WAITING_MAX) return mark(message.id, "failed", () => enqueue(message));
    waiting.push(message);
    keep();
    mark(message.id, "sending");
    sendWaiting();
  }

  function submit() {
    const text = box.value.trim();
    if (!text) return;
    const message = { id: newId(), text };
    box.value = "";
    show({ ...message, author: "customer" });
    localStorage.setItem("chat-active", "1");
    enqueue(message);
  }

  // The panel

  let loaded = false;
  function start() {
    connect();
    if (!loaded) loadHistory().then(() => waiting.forEach(restore)).then(sendWaiting);
    loaded = true;
  }

  function restore(message) {
    if (!seen.has(message.id)) show({ ...message, author: "customer" });
  }

  function toggle(open, focus) {
    panel.hidden = !open;
    part("open").hidden = open;
    part("open").setAttribute("aria-expanded", String(open));
    sessionStorage.setItem("chat-open", open ? "1" : "");
    if (open) {
      noteRead();
      start();
      log.scrollTop = log.scrollHeight;
    }
    if (focus) (open ? box : part("open")).focus();
  }

  part("open").addEventListener("click", () => toggle(true, true));
  part("close").addEventListener("click", () => toggle(false, true));
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggle(false, true);
  });
  part("form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });

  chat.hidden = false;
  if (sessionStorage.getItem("chat-open")) toggle(true, false);
  else if (localStorage.getItem("chat-active") || waiting.length) start();
})();
