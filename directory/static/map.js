// The button of the map. Nothing of the map itself is loaded before somebody presses it.
const box = document.getElementById("map");
const button = box.querySelector("button");
const failed = box.querySelector("[role=status] span");
const words = { show: button.textContent };
let view = null;

button.setAttribute("aria-expanded", "false");
button.addEventListener("click", toggle);
box.hidden = false;

async function toggle() {
  if (button.getAttribute("aria-busy")) return;
  if (!view) {
    button.setAttribute("aria-busy", "true");
    failed.hidden = true;
    try {
      view = await load();
    } catch {
      failed.hidden = false;
      return;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
  const shown = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(shown));
  button.textContent = shown ? words.hide : words.show;
  view.toggle(shown);
}

async function load() {
  const settings = await json(box.dataset.from);
  words.hide = settings.words.hide;
  const [drawing, outlines] = await Promise.all([
    import(settings.drawing),
    Promise.all(settings.outlines.map(json)),
    added("script", { src: settings.leaflet }),
    ...settings.styles.map((href) => added("link", { rel: "stylesheet", href })),
  ]);
  return drawing.draw(box, settings, outlines);
}

async function json(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function added(name, values) {
  return new Promise((done, refused) => {
    const element = Object.assign(document.createElement(name), values, { onload: done, onerror: refused });
    document.head.append(element);
  });
}
