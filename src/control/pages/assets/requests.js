// The list of requests follows new ones; the list beside one request shows the current one.
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
        const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
        const rows = [...parsed.querySelectorAll("tr")];
        const chips = parsed.querySelector(".chips");
        const shown = byId("chips");
        if (chips && shown && !shown.contains(document.activeElement)) { shown.replaceChildren(chips); }
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

  const live = byId("live");
  if (live && live.dataset.stream) { follow(live); }

  const current = document.querySelector(".beside [aria-current]");
  if (current) {
    const list = current.closest(".scroll");
    list.scrollTop = current.offsetTop - list.clientHeight / 2;
  }
})();
