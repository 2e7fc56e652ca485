// Lets a page of results be refreshed, restored and come back to: its entry in the history becomes GET /find, which asks again.
"use strict";
(() => {
  const root = document.documentElement;
  const MOST_KEPT = 5;
  const FRESH = 60 * 60 * 1000; // what is open now may be closed in an hour
  let memory;
  try {
    memory = sessionStorage;
  } catch {
    return; // switched off: the browser asks before it sends a form again
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || !form.action.endsWith("/find")) return;
    keep("sent", JSON.stringify([...new FormData(form, event.submitter)]));
  });

  if (location.search || !location.pathname.endsWith("/find")) return;
  const isAnswer = root.hasAttribute("data-answer");
  const sent = memory.getItem("sent");
  memory.removeItem("sent");
  if (sent) begin(JSON.parse(sent));
  const state = history.state;
  if (!state?.asked || state.at <= Math.abs(memory.getItem("left"))) return;
  if (!isAnswer && !sent) again();
  else if (isAnswer && !sent) look();

  const noteView = () => {
    if (!memory.getItem(`page ${state.at}`)) return; // left, or pushed out by newer ones
    const open = [...document.querySelectorAll("details")].map((each) => each.open);
    keep(`view ${state.at}`, JSON.stringify({ y: scrollY, open }));
  };
  addEventListener("pagehide", noteView);
  document.addEventListener("visibilitychange", noteView);

  function begin(asked) {
    const at = Date.now();
    history.replaceState({ asked, at }, "", location.pathname);
    if (isAnswer) keepPage(at, root.outerHTML);
    // Back may be pressed where there is no network: the page that asks again has to be there.
    fetch(location.pathname, { cache: "force-cache" }).catch(() => {});
  }

  async function again() {
    const kept = memory.getItem(`page ${state.at}`);
    const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const isOld = Date.now() - state.at > FRESH;
    const said = document.querySelector("[data-again]");
    if (said) said.hidden = false;
    const page = (!isReload && !isOld && kept) || (await ask()) || kept;
    if (page) return write(page);
    if (said) said.textContent = said.dataset.again;
  }

  async function ask() {
    try {
      const answer = await fetch(location.pathname, { method: "POST", body: new URLSearchParams(state.asked) });
      const page = await answer.text();
      if (!/<html[^>]* data-answer/.test(page)) return "";
      keepPage(state.at, page);
      return page;
    } catch {
      return "";
    }
  }

  function write(page) {
    document.open();
    document.write(`<!doctype html>${page.replace(/^\s*<!doctype html>/i, "")}`);
    document.close();
  }

  function look() {
    const view = JSON.parse(memory.getItem(`view ${state.at}`));
    if (!view) return;
    document.querySelectorAll("details").forEach((each, number) => (each.open = view.open[number] ?? each.open));
    scrollTo(0, view.y);
  }

  function keepPage(at, page) {
    keep(`page ${at}`, page);
    const pages = Object.keys(memory).filter((key) => key.startsWith("page "));
    for (const key of pages.sort().slice(0, -MOST_KEPT)) {
      memory.removeItem(key);
      memory.removeItem(key.replace("page", "view"));
    }
  }

  function keep(key, value) {
    try {
      memory.setItem(key, value);
    } catch {
      // full: it is asked for again
    }
  }
})();
