// "Use my location": only on tap, and made rough before anything is filled in.
"use strict";
(() => {
  if (!navigator.geolocation || !isSecureContext) return;
  for (const part of document.querySelectorAll("[data-locate]")) {
    const button = part.querySelector("button");
    const field = part.closest(".field").querySelector("input");
    const said = part.querySelector("output");
    const say = (words) => (said.textContent = part.dataset[words]);
    part.hidden = false;
    button.addEventListener("click", () => {
      say("asking");
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          field.value = `${coords.latitude.toFixed(2)}, ${coords.longitude.toFixed(2)}`;
          say("found");
        },
        (error) => say(error.code === error.PERMISSION_DENIED ? "denied" : "failed"),
        { enableHighAccuracy: false, timeout: 15000, maximumAge: 600000 },
      );
    });
  }
})();
