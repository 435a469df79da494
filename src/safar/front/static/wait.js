// The waiting room. Polls #wait[data-poll], whose answer is JSON:
//   {state: "waiting" | "admitted" | "ended", place, estimate_s, estimate_text, place_text,
//    units_left_text, retry_ms, next, progress?: 0..100, say?, note?}
// "admitted" goes to `next`; "ended" goes to `next` when there is one, else asks the server for the last page.
"use strict";

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 60_000;
const SAY_EVERY_MS = 30_000; // a screen reader is told the place at most this often

const room = document.getElementById("wait");
const part = (name) => room.querySelector(`[data-wait="${name}"]`);
const title = document.title;
let firstPlace = Number(sessionStorage.getItem("wait-first")) || 0;
let saidAt = -SAY_EVERY_MS;
let said = "";
let failures = 0;

function write(node, text) {
  if (node && typeof text === "string" && node.textContent !== text) node.textContent = text;
}

function progressOf(answer) {
  if (typeof answer.progress === "number") return answer.progress;
  if (!(answer.place >= 0)) return null;
  if (answer.place > firstPlace) {
    firstPlace = answer.place;
    sessionStorage.setItem("wait-first", String(firstPlace));
  }
  return firstPlace ? 100 * (1 - answer.place / firstPlace) : 0;
}

function say(text) {
  if (text === said || performance.now() - saidAt < SAY_EVERY_MS) return;
  said = text;
  saidAt = performance.now();
  write(part("say"), text);
}

function show(answer) {
  write(part("place"), answer.place_text);
  write(part("estimate"), answer.estimate_text);
  write(part("units"), answer.units_left_text ?? "");
  const units = part("units");
  if (units) units.parentElement.hidden = !answer.units_left_text;
  write(part("note"), answer.note);
  const progress = progressOf(answer);
  if (progress !== null) part("progress").value = Math.max(part("progress").value, progress);
  if (answer.place_text) document.title = `${answer.place_text} · ${title}`;
  const facts = [answer.place_text, answer.estimate_text, answer.units_left_text].filter(Boolean);
  say(answer.say ?? facts.join(" · "));
}

function leave(next) {
  sessionStorage.removeItem("wait-first");
  if (next) location.replace(next);
  else location.reload();
}

// A little chance in the time keeps ten thousand visitors from asking in the same instant.
function later(ms) {
  const bounded = Math.min(Math.max(ms, RETRY_MIN_MS), RETRY_MAX_MS);
  setTimeout(poll, bounded * (0.9 + 0.2 * Math.random()));
}

async function poll() {
  try {
    const response = await fetch(room.dataset.poll, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const answer = await response.json();
    failures = 0;
    if (answer.state !== "waiting") return leave(answer.next);
    show(answer);
    later(answer.retry_ms ?? Number(room.dataset.retryMs));
  } catch {
    failures += 1;
    if (failures === 2) write(part("note"), room.dataset.lost);
    later(Number(room.dataset.retryMs) * 2 ** Math.min(failures, 5));
  }
}

if (room) later(Number(room.dataset.retryMs));
