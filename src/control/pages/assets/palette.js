// The command palette: the links of the page, and those of the list of all pages, by a part of their words.
"use strict";

(() => {
  const opener = document.getElementById("palette-link");
  if (!opener) { return; }
  const MAX_SHOWN = 12;
  let dialog;
  let input;
  let list;
  let links = [];
  let shown = [];
  let at = 0;

  const gather = (root) => [...root.querySelectorAll("a[href]")]
    .filter((link) => !link.matches(".skip, #palette-link"))
    .map((link) => ({ words: (link.getAttribute("aria-label") || link.textContent).trim().replace(/\s+/g, " "), href: link.href }))
    .filter((link) => link.words);

  const add = (more) => {
    const known = new Set(links.map((link) => link.href));
    for (const link of more) {
      if (!known.has(link.href)) { known.add(link.href); links.push(link); }
    }
  };

  const select = (index) => {
    at = Math.min(Math.max(index, 0), Math.max(shown.length - 1, 0));
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    const item = list.children[at];
    if (item) { input.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
    else { input.removeAttribute("aria-activedescendant"); }
  };

  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = links.filter((link) => words.every((word) => link.words.toLowerCase().includes(word))).slice(0, MAX_SHOWN);
    list.replaceChildren(...shown.map((link, place) => {
      const item = document.createElement("li");
      item.id = `palette-${place}`;
      item.setAttribute("role", "option");
      item.textContent = link.words;
      item.addEventListener("click", () => { location.href = link.href; });
      return item;
    }));
    select(0);
  };

  const build = () => {
    dialog = document.createElement("dialog");
    dialog.className = "palette";
    dialog.setAttribute("aria-label", "Go to a page");
    input = document.createElement("input");
    for (const [name, value] of Object.entries({
      type: "text", role: "combobox", "aria-label": "Part of a page's name", "aria-expanded": "true",
      "aria-controls": "palette-list", autocomplete: "off", spellcheck: "false", placeholder: "Go to …",
    })) { input.setAttribute(name, value); }
    list = document.createElement("ul");
    list.id = "palette-list";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Pages");
    dialog.append(input, list);
    document.body.append(dialog);
    input.addEventListener("input", show);
    dialog.addEventListener("click", (event) => { if (event.target === dialog) { dialog.close(); } });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        select(at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && shown[at]) {
        event.preventDefault();
        location.href = shown[at].href;
      }
    });
  };

  const open = async () => {
    if (!dialog) {
      build();
      add(gather(document.querySelector(".tabs") || document.createElement("div")));
      add(gather(document.querySelector(".top")));
      add(gather(document.querySelector("main")));
    }
    if (dialog.open) { return; }
    input.value = "";
    show();
    dialog.showModal();
    input.focus();
    if (!dialog.dataset.complete) {
      dialog.dataset.complete = "yes";
      try {
        const response = await fetch(opener.href, { headers: { Accept: "text/html" } });
        if (!response.ok) { return; }
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        page.querySelectorAll("[data-palette-links]").forEach((one) => add(gather(one)));
        show();
      } catch {
        // The links of the page remain.
      }
    }
  };

  opener.addEventListener("click", (event) => { event.preventDefault(); open(); });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
})();
