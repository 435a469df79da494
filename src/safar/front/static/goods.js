// Improvements of the pages of goods, which all work without them: pictures, adding to the cart, filters.
"use strict";

// Thumbnails bring their picture into view; only the strip moves, never the page.
document.addEventListener("click", (event) => {
  const thumb = event.target.closest("[data-thumb]");
  if (!thumb) return;
  event.preventDefault();
  const picture = document.querySelector(thumb.getAttribute("href"));
  const strip = picture?.parentElement;
  if (strip) strip.scrollTo({ left: picture.offsetLeft - strip.firstElementChild.offsetLeft });
});

// A picture opens large over the page; a click on it there shows it in its full size.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-zoom]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const dialog = document.createElement("dialog");
  dialog.className = "zoom";
  const picture = new Image();
  picture.src = link.href;
  picture.alt = link.querySelector("img").alt;
  dialog.setAttribute("aria-label", picture.alt);
  picture.addEventListener("click", () => dialog.classList.toggle("zoom-full"));
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", document.getElementById("product").dataset.close);
  close.addEventListener("click", () => dialog.close());
  dialog.append(close, picture);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
});

// On a phone, what buys stays at hand while its button is out of sight.
const away = new IntersectionObserver((entries) => {
  const bar = document.querySelector("[data-buy-bar]");
  for (const entry of entries) if (bar && entry.target.isConnected) bar.hidden = entry.intersectionRatio > 0.8;
}, { threshold: 0.8 });
function watchBuying() {
  away.disconnect();
  const buy = document.querySelector("#buy .buy");
  if (buy) away.observe(buy);
}
watchBuying();
document.addEventListener("htmx:load", watchBuying);

// <form data-add>: the cart takes it and the customer stays on the page. What goes wrong goes the plain way.
function showAdded(units) {
  const shown = new Intl.NumberFormat(document.documentElement.lang).format(units);
  for (const badge of document.querySelectorAll(".top .tool-count")) {
    badge.textContent = shown;
    badge.dataset.count = shown;
  }
  const added = document.getElementById("added");
  added.replaceChildren(document.getElementById("added-words").content.cloneNode(true));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("add" in form.dataset) || event.defaultPrevented || !document.getElementById("added")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
    if (answer.status !== 201) throw new Error(String(answer.status));
    showAdded((await answer.json()).units);
  } catch {
    form.submit();  // the same id: it counts once
    return;
  }
  form.querySelector("input[name=request_id]").value = newId();
  form.dataset.once = "";
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-added-close]")) return;
  document.getElementById("added").replaceChildren();
  document.querySelector("#buy button[type=submit]")?.focus();
});

// <form data-filters>: each choice is applied at once; only the results change, the form keeps its focus.
for (const form of document.querySelectorAll("form[data-filters]")) {
  form.querySelector("button[type=submit]").hidden = true;
  let asked = 0;
  form.addEventListener("change", async () => {
    const mine = (asked += 1);
    const address = new URL(form.action);
    const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
    address.search = new URLSearchParams(chosen).toString();
    const answer = await fetch(address, { headers: { accept: "text/html" } }).catch(() => null);
    const results = answer?.ok && !answer.redirected
      ? new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("results")
      : null;
    if (mine !== asked) return;
    if (!results) {
      location.assign(address);
      return;
    }
    document.getElementById("results").replaceWith(document.adoptNode(results));
    history.replaceState(null, "", address);
    document.querySelector("[data-told]").textContent = results.querySelector("[data-found]").textContent;
    for (const sort of results.querySelectorAll("form[data-send-on-change]")) {
      sort.querySelector("button[type=submit]").hidden = true;
      sort.addEventListener("change", () => sort.requestSubmit());
    }
  });
}
