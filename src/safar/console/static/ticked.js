// Lists of which several rows are ticked ([data-ticks] is the form): what needs ticks waits for one, "select all"
// ticks the page, and the number that is ticked is told. Without this script the server asks for a tick.
"use strict";

for (const form of document.querySelectorAll("[data-ticks]")) {
  const boxes = [...form.querySelectorAll('input[type="checkbox"][name="id"]')];
  const all = form.querySelector("[data-tick-all]");
  const told = form.querySelector("[data-ticked]");
  const numbers = new Intl.NumberFormat(document.documentElement.lang);

  function show() {
    const count = boxes.filter((box) => box.checked).length;
    for (const button of form.querySelectorAll("[data-needs-ticks]")) button.disabled = count === 0;
    if (all) {
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    if (told) told.textContent = count ? told.dataset.ticked.replace("{}", numbers.format(count)) : "";
  }

  all?.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  form.addEventListener("change", show);
  addEventListener("pageshow", show); // the browser keeps ticks when one comes back
  show();
}
