import type { WorkboxPlugin } from "workbox-core";
import { addPlugins, cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { registerRoute, setDefaultHandler } from "workbox-routing";
import { CacheFirst, NetworkOnly } from "workbox-strategies";
import { appHeaders } from "./headers.ts";
import type { HostAnswer, HostQuestion, KeptFiles } from "./hostProtocol.ts";

declare const self: ServiceWorkerGlobalScope;
declare const KEPT: KeptFiles;

const EMPTY_STATUSES = [101, 204, 205, 304];

/** Answers with the headers that a host need not send: a worker's policy comes from its own response, not its page's. */
const governed: WorkboxPlugin = {
  handlerWillRespond: async ({ response }) => {
    if (response.type === "opaque" || response.type === "error") return response;
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(appHeaders)) headers.set(name, value);
    const { status, statusText } = response;
    return new Response(EMPTY_STATUSES.includes(status) ? null : response.body, { status, statusText, headers });
  },
};

addPlugins([governed]);
precacheAndRoute([...KEPT.files], { ignoreURLParametersMatching: [] });
cleanupOutdatedCaches();

const start = new URL(self.registration.scope).pathname;
const isPage = (url: URL) => url.pathname === start || url.pathname === `${start}index.html`;
registerRoute(
  ({ request, url, sameOrigin }) => sameOrigin && request.mode === "navigate" && isPage(url),
  createHandlerBoundToURL("index.html"),
);

const FIRST_USE = `octet-first-use-${start}`;
const onFirstUse = new Set(KEPT.onFirstUse.map((path) => start + path));
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && onFirstUse.has(url.pathname),
  new CacheFirst({ cacheName: FIRST_USE, plugins: [governed] }),
);
setDefaultHandler(new NetworkOnly({ plugins: [governed] }));

self.addEventListener("activate", (event) => event.waitUntil(Promise.all([self.clients.claim(), forgetOthers()])));

/** Drops what a version of before kept on first use. */
async function forgetOthers(): Promise<void> {
  const cache = await caches.open(FIRST_USE);
  const others = (await cache.keys()).filter(({ url }) => !onFirstUse.has(new URL(url).pathname));
  await Promise.all(others.map((request) => cache.delete(request)));
}

self.addEventListener("message", (event) => {
  const question = event.data as HostQuestion;
  event.waitUntil(answer(question).then((said: HostAnswer) => event.ports[0]?.postMessage(said)));
});

async function answer(question: HostQuestion): Promise<HostAnswer> {
  if (question === "bytes") return { bytes: KEPT.bytes };
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = pages.filter(({ url }) => url.startsWith(self.registration.scope)).length;
  if (open <= 1) await self.skipWaiting();
  return { others: open - 1 };
}
