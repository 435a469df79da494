// Gives the place in the shop to the next visitor soon after the last tab is closed. The server waits 45 seconds,
// so that a wrong guess costs nothing: whatever page comes next, or another open tab, takes it back.
"use strict";

const LEFT = "safar-left";
const BACK_MS = 120_000;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("safar-tabs") : null;
let going = false; // to another page of ours

function stay() {
  fetch("/stay", { method: "POST", keepalive: true }).catch(() => {});
}

// After the server has taken the word of the tab that closed; once more in case that was slow.
function stayLater() {
  for (const ms of [2000, 15_000]) setTimeout(stay, ms);
}

function remembered() {
  try {
    const at = Number(localStorage.getItem(LEFT));
    localStorage.removeItem(LEFT);
    return Date.now() - at < BACK_MS;
  } catch {
    return false;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link && link.origin === location.origin && !link.target) going = true;
  setTimeout(() => { going = false; }, 5000); // a link that was not followed after all
});
document.addEventListener("submit", () => { going = true; });
if ("navigation" in window) {
  window.navigation.addEventListener("navigate", (event) => {
    if (new URL(event.destination.url).origin === location.origin) going = true;
  });
}

window.addEventListener("pagehide", () => {
  if (going) return;
  try { localStorage.setItem(LEFT, String(Date.now())); } catch { /* private mode: the next page asks anyway */ }
  navigator.sendBeacon("/leave?tab=closed");
  if (tabs) tabs.postMessage("left");
});
if (tabs) tabs.addEventListener("message", stayLater);
window.addEventListener("pageshow", (event) => {
  going = false;
  if (remembered() || event.persisted) stayLater();
});

// The first page of a visit: show that the browser keeps the shop's cookie, and so get a place inside. Where that
// takes a small calculation it is done in the background, while the page is read.
async function arrive() {
  const answer = await fetch(`/here?at=${encodeURIComponent(location.pathname)}`, { cache: "no-store" });
  if (answer.status !== 200) return;
  const asked = await answer.json();
  const worker = new Worker(asked.worker);
  worker.addEventListener("message", ({ data }) => {
    if (!data.answers) return;
    worker.terminate();
    const proof = new URLSearchParams({ challenge: asked.challenge, answers: data.answers.join(",") });
    fetch(asked.to, { method: "POST", body: proof, headers: { Accept: "application/json" } }).catch(() => {});
  });
  worker.postMessage(asked);
}

if (/(?:^|; )first=1/.test(document.cookie)) arrive().catch(() => { /* the next page asks again */ });
