// What scripts add to customers, trees, faults and the clock: levels open in place, customers are dragged, sentences follow the form.
"use strict";

(() => {
  document.documentElement.classList.add("scripts");
  const fragment = async (address) => {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    if (!response.ok) { throw new Error(String(response.status)); }
    return new DOMParser().parseFromString(await response.text(), "text/html").body;
  };

  const explore = (explorer) => {
    const form = document.getElementById("move-form");
    const prepare = (part) => {
      for (const link of part.querySelectorAll("a.expand")) { link.setAttribute("aria-expanded", "false"); }
      for (const node of part.querySelectorAll("li[data-node] > .row-of-tree > a.node")) { node.draggable = true; }
    };

    const toggle = async (link) => {
      const item = link.closest("li");
      const open = item.querySelector(":scope > ul, :scope > .none");
      if (open) {
        open.hidden = !open.hidden;
        link.setAttribute("aria-expanded", String(!open.hidden));
        return;
      }
      if (explorer.getAttribute("aria-busy") === "true") { return; }
      explorer.setAttribute("aria-busy", "true");
      try {
        const level = await fragment(link.dataset.branch);
        prepare(level);
        item.append(...level.children);
        link.setAttribute("aria-expanded", "true");
      } catch {
        location.href = link.href;
      } finally {
        explorer.removeAttribute("aria-busy");
      }
    };

    const more = async (link) => {
      const item = link.closest("li");
      try {
        const level = await fragment(link.dataset.more);
        prepare(level);
        const following = [...level.querySelectorAll(":scope > ul > li")];
        item.replaceWith(...following);
        following[0]?.querySelector("a")?.focus();
      } catch {
        location.href = link.href;
      }
    };

    prepare(explorer);
    explorer.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) { return; }
      const link = event.target.closest("a.expand, a[data-more]");
      if (!link) { return; }
      event.preventDefault();
      if (link.dataset.more) { more(link); } else { toggle(link); }
    });

    let dragged = null;
    const target = (event) => {
      const item = event.target.closest("li[data-node]");
      return dragged && item && item !== dragged && !dragged.contains(item) ? item : null;
    };
    const clear = () => {
      for (const item of explorer.querySelectorAll(".target, .dragged")) { item.classList.remove("target", "dragged"); }
    };
    explorer.addEventListener("dragstart", (event) => {
      dragged = event.target.closest("li[data-node]");
      if (!dragged) { return; }
      dragged.classList.add("dragged");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", dragged.dataset.node);
    });
    explorer.addEventListener("dragover", (event) => {
      const item = target(event);
      for (const other of explorer.querySelectorAll(".target")) { if (other !== item) { other.classList.remove("target"); } }
      if (item) { event.preventDefault(); item.classList.add("target"); }
    });
    explorer.addEventListener("dragend", () => { clear(); dragged = null; });
    explorer.addEventListener("drop", (event) => {
      const item = target(event);
      if (!item || !form) { return; }
      event.preventDefault();
      // The result is a dry run: the page then asks before it moves anything.
      form.elements.customer.value = dragged.dataset.node;
      form.elements.upline.value = item.dataset.node;
      clear();
      form.requestSubmit(form.querySelector("button"));
    });
  };

  // A running clock goes on from the time at which the page was made.
  const begun = performance.now();
  const ticking = [...document.querySelectorAll("[data-ticks]:not([data-frozen]) > time")];
  const tick = () => {
    for (const time of ticking) {
      const at = new Date(Date.parse(time.parentElement.dataset.ticks) + performance.now() - begun);
      time.textContent = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    }
  };
  if (ticking.length > 0) { setInterval(tick, 1000); }

  // The sentence below a form says what its rule does.
  const describe = (sentence) => {
    const form = sentence.closest("form");
    const words = sentence.querySelector("strong");
    let number = 0;
    const update = async () => {
      const own = ++number;
      const address = new URL(sentence.dataset.sentence, location.href);
      for (const [name, value] of new FormData(form)) { address.searchParams.set(name, value); }
      try {
        const response = await fetch(address, { headers: { Accept: "text/plain" } });
        const text = await response.text();
        if (own === number && response.ok) { words.textContent = text; sentence.hidden = false; }
      } catch { /* The form works without its sentence. */ }
    };
    let timer = 0;
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(update, 150); });
    update();
  };
  for (const sentence of document.querySelectorAll("[data-sentence]")) { describe(sentence); }

  const explorer = document.getElementById("explorer");
  if (explorer) { explore(explorer); }
})();
