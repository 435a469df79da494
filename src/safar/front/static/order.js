// The page of an order: copying what is to be paid, the time that is left for it, and news of the payment.
"use strict";

const SEE_AGAIN_MS = 10_000;

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.querySelector("span");
  const before = words.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.textContent = button.dataset.done;
    setTimeout(() => { words.textContent = before; }, 2500);
  });
}

for (const line of document.querySelectorAll("[data-until]")) {
  const until = Date.parse(line.dataset.until);
  const shown = line.querySelector("strong");
  const two = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2 });
  const show = () => {
    const left = Math.max(0, Math.floor((until - Date.now()) / 1000));
    line.hidden = left >= 24 * 3600; // beside it stands the day
    const hours = Math.floor(left / 3600);
    const parts = [Math.floor(left / 60) % 60, left % 60];
    shown.textContent = (hours ? [hours, ...parts] : parts).map((part) => two.format(part)).join(":");
    line.classList.toggle("pay-soon", left < 300);
  };
  show();
  setInterval(show, 1000);
}

// A page that waits for money looks whether it came, while somebody looks at it.
const pay = document.querySelector("[data-pay]");
if (pay) {
  let known = null;
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(`/orders/${pay.dataset.pay}/state`).catch(() => null);
    if (!answer || !answer.ok) return;
    const now = JSON.stringify(await answer.json());
    if (known !== null && now !== known) location.reload();
    known = now;
  };
  look();
  setInterval(look, SEE_AGAIN_MS);
}
// What was ordered need not be typed again.
sessionStorage.removeItem("safar-checkout");
