// Quick exit: blanks the page and goes away, and goes away again when somebody presses Back.
"use strict";
(() => {
  const link = document.querySelector("a[data-exit]");
  if (!link) return;
  const memory = (() => {
    try {
      return sessionStorage;
    } catch {
      return null; // switched off in this browser
    }
  })();

  const leave = () => {
    document.title = new URL(link.href).hostname;
    document.documentElement.hidden = true;
    try {
      memory?.clear();
      memory?.setItem("left", Date.now());
    } catch {
      // leaving matters more
    }
    location.replace(link.href);
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("a[data-exit]")) return;
    event.preventDefault();
    leave();
  });

  let presses = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift") presses = [];
    else if (!event.repeat) presses = [...presses, event.timeStamp].slice(-3);
    if (presses.length === 3 && presses[2] - presses[0] < 3000) leave();
  });

  // "left" holds when somebody left; once they come by an address or a link, it is negative and Back works again.
  const left = Number(memory?.getItem("left"));
  const type = performance.getEntriesByType("navigation")[0]?.type;
  if (left > 0 && type === "back_forward") leave();
  else if (left > 0) memory.setItem("left", -left);
  addEventListener("pageshow", (event) => {
    if (event.persisted && memory?.getItem("left") > 0) leave();
  });
})();
