// The waiting room. Polls #wait[data-poll], whose answer is JSON:
//   {state: "waiting" | "early" | "admitted" | "ended", retry_ms, next?, message?,
//    waiting: place, place_text, estimate_s, estimate_text, units_left_text, progress: 0..100;
//    early (before the opening): left_text, joined_text}
// The state of the page itself is in data-state: another one of these two asks the server for its page.
// "admitted" goes to `next` when there is one, else asks the server, which knows the way; "ended" too.
"use strict";

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 60_000;
const SAY_EVERY_MS = 30_000; // a screen reader is told the place at most this often

const room = document.getElementById("wait");
const part = (name) => room.querySelector(`[data-wait="${name}"]`);
const title = document.title;
let saidAt = -SAY_EVERY_MS;
let said = "";
let failures = 0;

function write(node, text) {
  if (node && typeof text === "string" && node.textContent !== text) node.textContent = text;
}

function say(text) {
  if (text === said || performance.now() - saidAt < SAY_EVERY_MS) return;
  said = text;
  saidAt = performance.now();
  write(part("say"), text);
}

function show(answer) {
  for (const name of ["place", "estimate", "left", "joined"]) write(part(name), answer[`${name}_text`]);
  const units = part("units");
  if (units) {
    write(units, answer.units_left_text ?? "");
    units.parentElement.hidden = !answer.units_left_text;
  }
  const message = part("message");
  if (message) {
    write(message, answer.message ?? "");
    message.closest(".notice").hidden = !answer.message;
  }
  if (failures) write(part("note"), room.dataset.note);
  const bar = part("progress");
  if (bar && typeof answer.progress === "number") {
    bar.value = Math.max(bar.value, answer.progress);
    bar.hidden = bar.value === 0;
  }
  showTitle(answer);
  const place = answer.place_text && room.dataset.sayPlace.replace("{place}", answer.place_text);
  const estimate = answer.estimate_text && room.dataset.sayTime.replace("{time}", answer.estimate_text);
  say([answer.message, place, answer.left_text, estimate].filter(Boolean).join(" "));
}

function showTitle({ place_text, left_text }) {
  if (place_text) document.title = `(${place_text}) ${title}`;
  else if (left_text) document.title = `${left_text} · ${title}`;
}

// The sound that says that it is the visitor's turn: two tones, made here. Browsers play it only where the
// visitor has pressed something on the page, which ticking the box is.
let audio = null;
function listen(wanted) {
  audio = wanted ? (audio ?? new AudioContext()) : null;
}

function ring() {
  if (!audio) return Promise.resolve();
  [660, 880].forEach((hertz, nth) => {
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    const from = audio.currentTime + 0.25 * nth;
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.2, from);
    loudness.gain.exponentialRampToValueAtTime(0.001, from + 0.4);
    tone.connect(loudness).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.4);
  });
  return new Promise((done) => setTimeout(done, 700));
}

// A little chance in the time keeps ten thousand visitors from asking in the same instant.
function later(ms) {
  const bounded = Math.min(Math.max(ms, RETRY_MIN_MS), RETRY_MAX_MS);
  setTimeout(poll, bounded * (0.9 + 0.2 * Math.random()));
}

async function poll() {
  try {
    const response = await fetch(room.dataset.poll, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!response.ok && response.status !== 410) throw new Error(`status ${response.status}`);
    const answer = await response.json();
    if (answer.state !== room.dataset.state) {
      if (answer.state === "admitted") await ring();
      if (answer.state === "admitted" && answer.next) location.replace(answer.next);
      else location.reload();
      return;
    }
    show(answer);
    failures = 0;
    later(answer.retry_ms ?? Number(room.dataset.retryMs));
  } catch {
    failures += 1;
    if (failures === 2) write(part("note"), room.dataset.lost);
    later(Number(room.dataset.retryMs) * 2 ** Math.min(failures, 5));
  }
}

if (room) {
  showTitle({ place_text: part("place")?.textContent, left_text: part("left")?.textContent });
  const sound = part("sound");
  if (sound) {
    sound.closest("label").hidden = false;
    sound.addEventListener("change", () => listen(sound.checked));
  }
  later(Number(room.dataset.retryMs));
}
