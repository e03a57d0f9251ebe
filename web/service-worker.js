// Answers from the network, or without one from what was kept: most files at the first visit, some when they are first asked
// for. The build writes the three constants.
const version = "%VERSION%";
const files = ["%FILES%"];
const later = ["%LATER%"].map((file) => new URL(file, location).href);

self.addEventListener("install", (event) => {
  self.skipWaiting();
  // The browser's own cache may hold files of the version before: the server is asked whether they are the newest.
  const requests = ["./", ...files].map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(requests)));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const old = (await caches.keys()).filter((name) => name !== version);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const kept = () => caches.match(request, { ignoreSearch: true, ignoreVary: true });
  event.respondWith(
    fetch(request).then(
      (response) => {
        if (response.ok && later.includes(request.url)) event.waitUntil(keep(request, response.clone()));
        return response;
      },
      async (error) => (await kept()) ?? Promise.reject(error),
    ),
  );
});

async function keep(request, response) {
  const cache = await caches.open(version);
  await cache.put(request, response);
}
