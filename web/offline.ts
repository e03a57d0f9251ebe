/** Keeps the page's files in the browser, so that everything works without a network after the first visit. */
export function startOffline(): void {
  // Only pages served over https or from this machine may do this. Elsewhere the page works as long as its server does.
  navigator.serviceWorker?.register("service-worker.js").catch(() => {});
}
