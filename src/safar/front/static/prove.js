// The proof of work: solves the challenge of #work in a worker and sends the form by itself.
"use strict";

const form = document.getElementById("work");
const bar = form.querySelector("progress");
const worker = new Worker(form.dataset.worker);

worker.addEventListener("message", ({ data }) => {
  if (bar) bar.value = data.done;
  if (!data.answers) return;
  worker.terminate();
  form.elements.answers.value = data.answers.join(",");
  form.submit();
});
worker.addEventListener("error", () => {
  document.getElementById("work-lost").hidden = false; // the way without scripts stays open
});
worker.postMessage({
  library: form.dataset.library,
  challenge: form.elements.challenge.value,
  bits: Number(form.dataset.bits),
  puzzles: Number(form.dataset.puzzles),
});
