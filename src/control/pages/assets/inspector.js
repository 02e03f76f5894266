// What the pages can do more with scripts: follow calls as they come, copy, and move about by keys.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  const follow = (live) => {
    const state = byId("live-state");
    const pause = byId("pause");
    const body = live.querySelector("tbody");
    const most = Number(live.dataset.most);
    let last = Number(live.dataset.last);
    let isPaused = false;
    let isFetching = false;
    let isWanted = false;
    let isAnew = false;
    const say = (text) => { state.textContent = text; state.dataset.state = text; };

    const fetchRows = async () => {
      if (isPaused || isFetching) { isWanted = true; return; }
      isFetching = true;
      isWanted = false;
      try {
        const address = new URL(live.dataset.rows, location.href);
        address.searchParams.set("since", String(last));
        const answer = await fetch(address, { headers: { Accept: "text/html" } });
        if (!answer.ok) { throw new Error(String(answer.status)); }
        const parsed = new DOMParser().parseFromString(`<table><tbody>${await answer.text()}</tbody></table>`, "text/html");
        const rows = [...parsed.querySelectorAll("tr")];
        if (isAnew) { body.replaceChildren(); isAnew = false; }
        if (rows.length > 0) {
          last = Number(rows[0].dataset.number);
          rows.forEach((row) => row.classList.add("fresh"));
          body.prepend(...rows);
          while (body.rows.length > most) { body.lastElementChild.remove(); }
          const empty = live.querySelector(".empty");
          if (empty) { empty.hidden = true; }
        }
      } catch {
        say("Lost");
      }
      // A storm of calls is fetched a few times a second, not once for each.
      setTimeout(() => { isFetching = false; if (isWanted) { fetchRows(); } }, 250);
    };

    const stream = new EventSource(live.dataset.stream);
    let isLost = false;
    stream.addEventListener("open", () => {
      // A server that was started anew counts its calls anew.
      if (isLost) { isLost = false; isAnew = true; last = 0; }
      if (!isPaused) { say("Live"); }
      fetchRows();
    });
    stream.addEventListener("error", () => { isLost = true; say("Lost"); });
    stream.addEventListener("request", fetchRows);
    addEventListener("pagehide", () => stream.close());
    state.hidden = false;
    pause.hidden = false;
    say("Connecting");
    pause.addEventListener("click", () => {
      isPaused = !isPaused;
      pause.setAttribute("aria-pressed", String(isPaused));
      pause.textContent = isPaused ? "Go on" : "Pause";
      say(isPaused ? "Paused" : "Live");
      if (!isPaused) { fetchRows(); }
    });
  };

  const copy = async (button) => {
    const source = byId(button.dataset.copy);
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Without a secure context there is no clipboard: select it, so that one key copies it.
      const details = source.closest("details");
      if (details) { details.open = true; }
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = words; }, 2500);
  };

  const move = (step) => {
    const links = [...document.querySelectorAll("a.call")];
    if (links.length === 0) { return false; }
    const at = links.indexOf(document.activeElement);
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

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  const live = byId("live");
  if (live && live.dataset.stream) { follow(live); }
})();
