// The list of the inbox is drawn again as things happen: what was ticked stays ticked, and is counted.
"use strict";

const bulk = document.querySelector("[data-bulk]");
if (bulk) {
  const ticked = new Set();
  const told = bulk.querySelector("[data-ticked]");
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const boxes = () => document.querySelectorAll('input[type="checkbox"][form="bulk"]');

  function show() {
    for (const box of boxes()) box.checked = ticked.has(box.value);
    bulk.classList.toggle("bulk-live", ticked.size > 0);
    told.textContent = ticked.size ? told.dataset.ticked.replace("{}", numbers.format(ticked.size)) : "";
  }

  document.addEventListener("change", (event) => {
    if (!event.target.matches('input[type="checkbox"][form="bulk"]')) return;
    if (event.target.checked) ticked.add(event.target.value);
    else ticked.delete(event.target.value);
    show();
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    const there = new Set([...boxes()].map((box) => box.value));
    for (const id of ticked) if (!there.has(id)) ticked.delete(id);
    show();
  });
  addEventListener("pageshow", () => {
    for (const box of boxes()) if (box.checked) ticked.add(box.value);
    show();
  });
}
