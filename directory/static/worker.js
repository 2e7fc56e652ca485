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
  const found = (await cache.match(path, { ignoreVary: true })) || (await cache.match("/kept", { ignoreVary: true }));
  if (!found) return Response.error();
  const said = (await found.text()).replace("hidden data-kept-copy", "data-kept-copy");
  return new Response(said, { headers: found.headers });
}

async function kept(url) {
  return (await (await caches.open(NAME)).match(url, { ignoreVary: true })) || Response.error();
}
