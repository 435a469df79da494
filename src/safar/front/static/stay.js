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
