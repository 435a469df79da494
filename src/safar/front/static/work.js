// Runs in a worker. For each i finds a number a such that SHA-256("challenge.i.a") begins with `bits` zero bits.
"use strict";

/* global sha256, importScripts */
self.addEventListener("message", ({ data }) => {
  importScripts(data.library);
  const answers = [];
  for (let puzzle = 0; puzzle < data.puzzles; puzzle += 1) {
    const start = `${data.challenge}.${puzzle}.`;
    let answer = 0;
    while (!solves(sha256.array(start + answer), data.bits)) answer += 1;
    answers.push(answer);
    self.postMessage({ done: answers.length });
  }
  self.postMessage({ done: answers.length, answers });
});

function solves(digest, bits) {
  const first = ((digest[0] << 24) | (digest[1] << 16) | (digest[2] << 8) | digest[3]) >>> 0;
  return first < 2 ** (32 - bits);
}
