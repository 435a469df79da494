// A form for a scanner ([data-scan]): the field is empty again at once, scans wait in line and none is lost.
// The parts of the page that show what came of it ([data-scan-part]) are taken from the answer, by their ids.
/* global Idiomorph */
"use strict";

(() => {
  const RETRY_MS = 2000;
  const line = [];
  let busy = false;

  // Not crypto.randomUUID: a phone often reaches the console without https, and has none there.
  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function beep() {
    const Sound = window.AudioContext || window.webkitAudioContext;
    if (navigator.vibrate) navigator.vibrate(200);
    if (!Sound) return;
    const sound = new Sound();
    const tone = sound.createOscillator();
    tone.frequency.value = 220;
    tone.connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.25);
    tone.onended = () => sound.close();
  }

  function show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    // The field that somebody types in at this moment stays as it is: a field put in its place would lose keys.
    const style = { morphStyle: "innerHTML", ignoreActiveValue: true };
    for (const part of document.querySelectorAll("[data-scan-part]")) {
      const other = fresh.getElementById(part.id);
      if (other) Idiomorph.morph(part, other.innerHTML, style);
    }
    if (document.querySelector("[data-scan-part] [data-refused]")) beep();
  }

  async function send() {
    if (busy) return;
    busy = true;
    while (line.length) {
      const { action, body, form } = line[0];
      try {
        const answer = await fetch(action, { method: "POST", body, credentials: "same-origin" });
        if (answer.status >= 500) throw new Error(String(answer.status));
        if (answer.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) return location.reload();
        line.shift();
        waiting(form, 0);
        show(await answer.text());
      } catch {
        waiting(form, line.length);
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
    busy = false;
  }

  function waiting(form, count) {
    let note = document.getElementById("scan-waiting");
    if (!count) return note && note.remove();
    if (!note) {
      note = document.createElement("p");
      note.id = "scan-waiting";
      note.className = "stock-hint stock-bad";
      note.setAttribute("role", "alert");
      form.after(note);
    }
    note.textContent = `${form.dataset.waiting || ""} (${count})`;
  }

  function enqueue(form) {
    line.push({ action: form.action, body: new URLSearchParams(new FormData(form)), form });
    send();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-scan]");
    if (!form) return;
    event.preventDefault();
    enqueue(form);
    for (const id of form.querySelectorAll('[name="scan_id"], [name="entry_id"]')) id.value = newId();
    form.elements.code.value = "";
    if (form.elements.units) form.elements.units.value = "1";
    form.elements.code.focus();
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosave]");
    if (form) enqueue(form);
  });
})();
