// Keeps the crisis lines of this page on the device, only when asked, and takes them away again.
"use strict";
(() => {
  const part = document.querySelector("[data-keep]");
  if (!part || !navigator.serviceWorker || !window.caches) return;
  const NAME = "crisis lines";
  const WORKER = "/static/worker.js";
  const [add, remove] = part.querySelectorAll("button");
  const said = part.querySelector("output");

  const show = (isKept) => {
    add.hidden = isKept;
    remove.hidden = !isKept;
  };
  const registered = () => navigator.serviceWorker.getRegistration("/");
  const store = async () => {
    const files = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]")].map((each) => each.href || each.src);
    const icons = new Set([...document.querySelectorAll("use")].map((each) => each.href.baseVal.split("#")[0]));
    const cache = await caches.open(NAME);
    await cache.addAll([location.pathname, ...files, ...icons]);
    // The newest is the one shown in place of other pages.
    const page = await cache.match(location.pathname);
    await cache.put("/kept", page);
  };
  const forget = async () => {
    await (await registered())?.unregister();
    await caches.delete(NAME);
  };
  const act = (work, words, isKept) => async () => {
    try {
      await work();
      show(isKept);
      said.textContent = part.dataset[words];
      (isKept ? remove : add).focus();
    } catch {
      said.textContent = part.dataset.failed;
      if (work === begin) await forget();
    }
  };
  const begin = async () => {
    await store();
    await navigator.serviceWorker.register(WORKER, { scope: "/" });
    await navigator.serviceWorker.ready;
  };

  add.addEventListener("click", act(begin, "kept", true));
  remove.addEventListener("click", act(forget, "removed", false));
  registered().then(async (found) => {
    part.hidden = false;
    show(Boolean(found));
    const isHere = found && (await (await caches.open(NAME)).match(location.pathname, { ignoreVary: true }));
    if (isHere) store().catch(() => {}); // what was kept before may be old
  });
})();
