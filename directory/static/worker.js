// Answers with the kept crisis lines when the network does not. Registered by keep.js, never unasked.
"use strict";
const NAME = "crisis lines";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => page(request.url)));
  else if (request.method === "GET") event.respondWith(fetch(request).catch(() => kept(request.url)));
});

async function page(url) {
  const cache = await caches.open(NAME);
  const path = new URL(url).pathname;
  return (await cache.match(path, { ignoreVary: true })) || (await cache.match("/kept")) || Response.error();
}

async function kept(url) {
  return (await (await caches.open(NAME)).match(url, { ignoreVary: true })) || Response.error();
}
