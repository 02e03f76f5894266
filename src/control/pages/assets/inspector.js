// What scripts add to the pages: they follow new requests, copy texts, and move between requests by keys.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  const follow = (live) => {
    const state = byId("live-state");
    const pause = byId("pause");
    const body = live.querySelector("tbody");
    const maxRows = Number(live.dataset.maxRows);
    let last = Number(live.dataset.last);
    let isPaused = false;
    let isFetching = false;
    let isPending = false;
    let isRestarted = false;
    const showState = (text) => { state.textContent = text; state.dataset.state = text; };

    const fetchRows = async () => {
      if (isPaused || isFetching) { isPending = true; return; }
      isFetching = true;
      isPending = false;
      try {
        const address = new URL(live.dataset.rows, location.href);
        address.searchParams.set("since", String(last));
        const response = await fetch(address, { headers: { Accept: "text/html" } });
        if (!response.ok) { throw new Error(String(response.status)); }
        const parsed = new DOMParser().parseFromString(`<table><tbody>${await response.text()}</tbody></table>`, "text/html");
        const rows = [...parsed.querySelectorAll("tr")];
        if (isRestarted) { body.replaceChildren(); isRestarted = false; }
        if (rows.length > 0) {
          last = Number(rows[0].dataset.number);
          rows.forEach((row) => row.classList.add("fresh"));
          body.prepend(...rows);
          while (body.rows.length > maxRows) { body.lastElementChild.remove(); }
          const empty = live.querySelector(".empty");
          if (empty) { empty.hidden = true; }
        }
      } catch {
        showState("Lost");
      }
      // Many requests are fetched together, a few times per second, and not one by one.
      setTimeout(() => { isFetching = false; if (isPending) { fetchRows(); } }, 250);
    };

    const stream = new EventSource(live.dataset.stream);
    let isLost = false;
    stream.addEventListener("open", () => {
      // A restarted server numbers its requests from 1 again.
      if (isLost) { isLost = false; isRestarted = true; last = 0; }
      if (!isPaused) { showState("Live"); }
      fetchRows();
    });
    stream.addEventListener("error", () => { isLost = true; showState("Lost"); });
    stream.addEventListener("request", fetchRows);
    addEventListener("pagehide", () => stream.close());
    state.hidden = false;
    pause.hidden = false;
    showState("Connecting");
    pause.addEventListener("click", () => {
      isPaused = !isPaused;
      pause.setAttribute("aria-pressed", String(isPaused));
      pause.textContent = isPaused ? "Resume" : "Pause";
      showState(isPaused ? "Paused" : "Live");
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
