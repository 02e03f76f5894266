// What scripts add to every page: they copy texts, move between requests by keys, and change the colors.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  const copy = async (button) => {
    const source = byId(button.dataset.copy);
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Without a secure context there is no clipboard: the text is selected, so that Ctrl+C copies it.
      const details = source.closest("details");
      if (details) { details.open = true; }
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = words; }, 2500);
  };

  const move = (step) => {
    const links = [...document.querySelectorAll("a.request")];
    if (links.length === 0) { return false; }
    const current = links.findIndex((link) => link.closest("[aria-current]"));
    const focused = links.indexOf(document.activeElement);
    const at = focused < 0 ? current : focused;
    const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
    links[next].focus();
    links[next].closest("tr").scrollIntoView({ block: "nearest" });
    return true;
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape") { event.target.blur(); }
      return;
    }
    if (event.key === "/") {
      const field = document.querySelector('form[role="search"] input');
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    } else if (event.key === "j" || event.key === "k") {
      if (move(event.key === "j" ? 1 : -1)) { event.preventDefault(); }
    }
  });

  // In a narrow window the tabs scroll: the current one is shown.
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const list = tab.closest("ul");
    list.scrollLeft = tab.offsetLeft + tab.offsetWidth / 2 - list.clientWidth / 2;
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  // Times such as "3 s ago" grow older.
  const age = (seconds) => {
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (seconds >= length) { return `${Math.floor(seconds / length)} ${unit} ago`; }
    }
    return `${Math.max(0, Math.floor(seconds))} s ago`;
  };
  setInterval(() => {
    for (const time of document.querySelectorAll("time.ago")) { time.textContent = age((Date.now() - Date.parse(time.dateTime)) / 1000); }
  }, 5000);

  // The colors change without another page load, which would lose what was typed.
  const theme = byId("theme");
  if (theme) {
    const names = ["system", "dark", "light"];
    theme.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = theme.querySelector("button");
      const address = theme.getAttribute("action");
      const chosen = address.split("/").pop();
      const sent = await fetch(address, { method: "POST", redirect: "manual" });
      if (sent.type !== "opaqueredirect") { return; }
      document.documentElement.dataset.theme = chosen;
      document.querySelector('meta[name="color-scheme"]').content = chosen === "system" ? "light dark" : chosen;
      theme.setAttribute("action", `/_emulator/theme/${names[(names.indexOf(chosen) + 1) % names.length]}`);
      button.textContent = `Colors: ${chosen}`;
    });
  }

  // The language of the samples is remembered.
  for (const choice of document.querySelectorAll(".sample input[type=radio]")) {
    const remembered = localStorage.getItem("emulator-language");
    if (choice.value === remembered) { choice.checked = true; }
    choice.addEventListener("change", () => localStorage.setItem("emulator-language", choice.value));
  }
})();
