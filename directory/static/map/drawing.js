// The map itself: pins for doors, areas for what is only roughly known, in step with the entries of the list.
/* global L */
const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;
const REM = parseFloat(getComputedStyle(document.documentElement).fontSize);
const TOGETHER_PX = 34;
const TIP_PX = 4;
const WITHIN_PX = 26;
const LEAST_RING_PX = 60;
const ARROWS = { ArrowUp: [0, -80], ArrowDown: [0, 80], ArrowLeft: [-80, 0], ArrowRight: [80, 0] };
const RINGS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const METRES = { mi: 1609.344, km: 1000 };

// Put the map into the box below its button; what comes back shows and hides it.
export function draw(box, { words, tiles }, outlines) {
  const places = read(box, words);
  const frame = element("div", { className: "map-frame", hidden: true });
  const keys = element("p", { className: "quiet", id: "map-keys" }, places[0].card ? words.keys : "");
  const view = element("div", { className: "map-view" });
  view.setAttribute("role", "region");
  view.setAttribute("aria-label", words.label);
  view.setAttribute("aria-describedby", keys.id);
  const says = element("p", { className: "map-says" }, "\u00a0");
  says.setAttribute("aria-hidden", "true");
  frame.append(view, says, legend(box, words), keys, element("p", { className: "quiet" }, words.credit));
  box.append(frame);

  let map = null;
  return {
    toggle(open) {
      frame.hidden = !open;
      for (const { button } of places) if (button) button.hidden = !open;
      if (!open) for (const { card } of places) card?.classList.remove("chosen");
      else if (map) map.invalidateSize();
      else map = made(view, box, places, words, tiles, outlines);
    },
  };
}

function made(view, box, places, words, tiles, outlines) {
  const map = L.map(view, {
    attributionControl: false,
    zoomControl: false,
    scrollWheelZoom: false,
    zoomAnimation: !STILL,
    fadeAnimation: !STILL,
    markerZoomAnimation: !STILL,
    inertia: !STILL,
    minZoom: 2,
    zoomSnap: tiles ? 1 : 0.5,
    maxZoom: tiles ? 17 : 13,
  });
  const searched = places.some((place) => place.card) && box.dataset.at ? position(box.dataset.at) : null;
  const middle = searched ?? places[0].at;
  for (const place of places) place.at = beside(place.at, middle);
  map.fitBounds(bounded(places, searched), { padding: [36, 36], maxZoom: tiles ? 14 : 11, animate: false });

  L.control.zoom({ position: "topright", zoomInTitle: words.nearer, zoomOutTitle: words.farther }).addTo(map);
  const miles = box.dataset.unit === "mi";
  L.control.scale({ imperial: miles, metric: !miles, maxWidth: 120 }).addTo(map);
  if (tiles) L.tileLayer(tiles, { maxZoom: 19 }).addTo(map);
  for (const outline of outlines) land(map, outline, outlines.length > 1, places);
  if (searched) {
    rings(map, searched, places, box.dataset.unit);
    still(map, searched, "map-searched", words.searched);
  }
  for (const area of areas(places)) {
    L.circle(area.at, { radius: area.km * 1000, interactive: false, className: "map-area" }).addTo(map);
  }
  follow(map, places, view.nextSibling);
  return map;
}

// Read the places off the entries of the list; a page about one place is its own entry.
function read(box, words) {
  const cards = [...document.querySelectorAll("li[data-at]")];
  if (!cards.length) {
    const name = document.querySelector("h1").textContent;
    return [{ at: position(box.dataset.at), km: Number(box.dataset.km ?? 0), name, far: "", number: 0 }];
  }
  return cards.map((card, index) => {
    const link = card.querySelector("h3 a");
    const number = index + 1;
    const name = link.textContent.trim();
    const button = element("button", { type: "button", className: "btn map-entry", hidden: true });
    button.append(words.entry.replace("{number}", number), element("span", { className: "vh" }, ` (${name})`));
    card.querySelector(".ways").after(button);
    const far = card.querySelector(".kind b")?.textContent ?? "";
    return { at: position(card.dataset.at), km: Number(card.dataset.km ?? 0), card, link, button, name, far, number };
  });
}

// Keep map and list in step: what is chosen in one is marked in the other.
function follow(map, places, says) {
  const container = map.getContainer();
  let groups = [];
  let chosen = null;

  for (const place of places) {
    place.card?.addEventListener("focusin", () => choose(place));
    place.card?.addEventListener("click", () => choose(place));
    place.button?.addEventListener("click", () => {
      const { marker } = groups.find((group) => group.places.includes(place));
      map.panInside(marker.getLatLng(), { padding: [48, 48], animate: !STILL });
      container.scrollIntoView({ block: "center", behavior: STILL ? "auto" : "smooth" });
      marker.getElement().focus({ preventScroll: true });
      choose(place);
    });
  }
  container.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && map._popup?.isOpen()) {
      const { marker } = map._popup;
      event.stopPropagation();
      map.closePopup();
      marker?.getElement()?.focus();
    }
    if (event.key in ARROWS && event.target !== container) {
      event.preventDefault();
      map.panBy(ARROWS[event.key], { animate: !STILL });
    }
  });
  map.on("zoomend", regroup);
  regroup();

  // Places that would cover each other stand as one, which lists them.
  function regroup() {
    const near = gathered(map, places);
    for (const { places: [first], marker } of groups) marker.getElement().classList.toggle("map-within", within(first));
    const same = (group, index) => String(groups[index].places.map(number)) === String(group.map(number));
    if (near.length === groups.length && near.every(same)) return;
    const held = groups.find(({ marker }) => marker.getElement() === document.activeElement)?.places[0];
    for (const { marker } of groups) marker.remove();
    groups = near.map((group) => ({ places: group, marker: marked(group) }));
    if (held) groups.find((group) => group.places.includes(held)).marker.getElement().focus({ preventScroll: true });
    mark();
  }

  function marked(group) {
    const [first] = group;
    const label = group.map((place) => `${place.number ? `${place.number}: ` : ""}${told(place)}`).join("; ");
    const text = numbers(group);
    const [wide, high] = [Math.max(2.75, 1.2 + 0.62 * text.length) * REM, 2.75 * REM];
    const icon = L.divIcon({
      className: `map-place ${first.km ? "map-rough" : "map-pin"}${within(first) ? " map-within" : ""}`,
      html: element("span", {}, text),
      iconSize: [wide, high],
      iconAnchor: [wide / 2, first.km ? high / 2 : high + TIP_PX],
    });
    const marker = L.marker(first.at, { icon, riseOnHover: true }).addTo(map);
    const drawn = marker.getElement();
    drawn.setAttribute("aria-label", label);
    const enter = () => (group.length > 1 ? list(marker, group) : toCard(first));
    drawn.addEventListener("click", enter);
    drawn.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      enter();
    });
    drawn.addEventListener("mouseenter", () => (says.textContent = label));
    drawn.addEventListener("focus", () => {
      choose(first);
      says.textContent = label;
    });
    return marker;
  }

  // Whether the area of a place is drawn larger than its number.
  function within({ at, km }) {
    const point = map.latLngToLayerPoint(at);
    const edge = km ? map.latLngToLayerPoint([L.latLng(at).toBounds(km * 2000).getNorth(), at[1]]) : point;
    return point.distanceTo(edge) > WITHIN_PX;
  }

  function list(marker, group) {
    const entries = element("ul", { className: "map-list" });
    for (const place of group) {
      const entry = element("button", { type: "button", className: "btn" }, `${place.number}: ${told(place)}`);
      entry.addEventListener("click", () => toCard(place));
      const item = element("li");
      item.append(entry);
      entries.append(item);
    }
    const popup = L.popup({ closeButton: false, maxWidth: 260, maxHeight: 240, autoPanPadding: [8, 8], offset: [0, -2 * REM] });
    popup.marker = marker;
    popup.setLatLng(marker.getLatLng()).setContent(entries).openOn(map);
    entries.querySelector("button").focus();
  }

  function toCard(place) {
    if (!place.card) return;
    choose(place);
    place.card.scrollIntoView({ block: "center", behavior: STILL ? "auto" : "smooth" });
    place.link.focus({ preventScroll: true });
  }

  function choose(place) {
    if (!place.card || !container.offsetParent) return;
    chosen = place;
    mark();
    const { marker } = groups.find((group) => group.places.includes(place));
    if (document.activeElement !== marker.getElement()) {
      map.panInside(marker.getLatLng(), { padding: [48, 48], animate: !STILL });
    }
  }

  function mark() {
    for (const place of places) place.card?.classList.toggle("chosen", place === chosen);
    for (const group of groups) {
      const is = group.places.includes(chosen);
      group.marker.getElement().classList.toggle("chosen", is);
      group.marker.setZIndexOffset(is ? 1000 : 0);
    }
  }
}

function gathered(map, places) {
  const groups = [];
  for (const place of places) {
    const point = map.latLngToLayerPoint(place.at);
    const near = groups.find(
      ([first]) => !first.km === !place.km && map.latLngToLayerPoint(first.at).distanceTo(point) < TOGETHER_PX,
    );
    if (near) near.push(place);
    else groups.push([place]);
  }
  return groups;
}

function number(place) {
  return place.number;
}

function numbers(group) {
  if (group.length > 3) return `${group[0].number} +${group.length - 1}`;
  return group.map((place) => place.number || "").join(", ");
}

function told(place) {
  return place.far ? `${place.name}, ${place.far}` : place.name;
}

// Each rough area once: many places may share the centre of one postcode.
function areas(places) {
  const rough = places.filter((place) => place.km);
  return [...new Map(rough.map((place) => [`${place.at} ${place.km}`, place])).values()];
}

function bounded(places, searched) {
  const bounds = L.latLngBounds(searched ? [searched] : []);
  for (const { at, km } of places) bounds.extend(km ? L.latLng(at).toBounds(km * 2000) : at);
  return bounds;
}

// Circles of round distances around the place searched: where no streets are drawn they tell how far things are.
function rings(map, middle, places, unit) {
  const farthest = Math.max(...places.map((place) => map.distance(middle, place.at))) / METRES[unit];
  const fitting = RINGS.filter((length) => length >= farthest / 8 && length <= farthest * 1.2).slice(-3);
  const taken = places.map((place) => place.at);
  for (const length of fitting) {
    const ring = L.circle(middle, { radius: length * METRES[unit], interactive: false, className: "map-ring" });
    const bounds = L.latLng(middle).toBounds(length * METRES[unit] * 2);
    const high = map.latLngToContainerPoint(bounds.getSouthWest()).y - map.latLngToContainerPoint(bounds.getNorthEast()).y;
    if (high < LEAST_RING_PX) continue;
    ring.addTo(map);
    const free = freest(map, bounds, taken);
    taken.push(free);
    const icon = L.divIcon({ className: "map-far", html: element("span", {}, `${length} ${unit}`), iconSize: null });
    L.marker(free, { icon, interactive: false, keyboard: false }).addTo(map);
  }
}

// The side of a ring that is in view and farthest from what stands on the map already.
function freest(map, ring, taken) {
  const { lat, lng } = ring.getCenter();
  const sides = [[ring.getNorth(), lng], [ring.getSouth(), lng], [lat, ring.getEast()], [lat, ring.getWest()]];
  const free = (side) => {
    const point = map.latLngToContainerPoint(side);
    const edge = Math.min(point.x, point.y, map.getSize().x - point.x, map.getSize().y - point.y);
    return Math.min(edge * 3, ...taken.map((at) => map.latLngToContainerPoint(at).distanceTo(point)));
  };
  return sides.reduce((best, side) => (free(side) > free(best) ? side : best));
}

function still(map, at, name, label) {
  const icon = L.divIcon({ className: name, iconSize: null });
  const marker = L.marker(at, { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(map);
  marker.getElement().setAttribute("role", "img");
  marker.getElement().setAttribute("aria-label", label);
}

// Draw outlines; with the states of the United States beside the world, the world leaves that country out.
const IN_STATES = new Set(["840", "630", "316", "580", "016", "850"]);

function land(map, { arcs, areas: named, scale }, hasStates, places) {
  const lines = arcs.map((steps) => walked(steps, scale));
  const shifts = new Set([0, ...places.map(({ at }) => (at[1] > 180 ? 360 : at[1] < -180 ? -360 : 0))]);
  for (const [code, polygons] of named) {
    if (hasStates && IN_STATES.has(code)) continue;
    for (const shift of shifts) {
      const rounds = polygons.map((polygon) => polygon.map((ring) => joined(ring, lines, shift)));
      L.polygon(rounds, { interactive: false, className: "map-land", smoothFactor: 0.5 }).addTo(map);
    }
  }
}

function walked(steps, scale) {
  const points = [];
  let [x, y] = [0, 0];
  for (let n = 0; n < steps.length; n += 2) {
    x += steps[n];
    y += steps[n + 1];
    points.push([y / scale, x / scale]);
  }
  return points;
}

function joined(ring, lines, shift) {
  const points = ring.flatMap((number, index) => {
    const line = number < 0 ? lines[~number].slice().reverse() : lines[number];
    return index ? line.slice(1) : line;
  });
  return shift ? points.map(([north, east]) => [north, east + shift]) : points;
}

function legend(box, words) {
  const list = element("ul", { className: "map-legend" });
  const drawn = [...document.querySelectorAll("li[data-at]")];
  const all = drawn.length ? drawn : [box];
  const kinds = [
    ["map-pin", words.pin, all.some((each) => !each.dataset.km)],
    ["map-rough", words.area, all.some((each) => each.dataset.km)],
    ["map-searched", words.searched, drawn.length && box.dataset.at],
  ];
  for (const [name, text] of kinds.filter(([, , is]) => is)) {
    const item = element("li");
    const sign = element("span", { className: `map-sign ${name}` });
    sign.setAttribute("aria-hidden", "true");
    sign.append(element("span"));
    item.append(sign, text);
    list.append(item);
  }
  return list;
}

function position(text) {
  return text.split(",").map(Number);
}

// The same place on the side of the middle: across the 180th meridian the shorter way.
function beside([north, east], middle) {
  return [north, east - 360 * Math.round((east - middle[1]) / 360)];
}

function element(name, values = {}, text = "") {
  const made = Object.assign(document.createElement(name), values);
  if (text) made.textContent = text;
  return made;
}
