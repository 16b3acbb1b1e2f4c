/** Whether a page and its workers share memory: WebKitGTK isolates pages, and gives them none. */
export function sharesMemory(): boolean {
  return globalThis.crossOriginIsolated && typeof SharedArrayBuffer !== "undefined";
}
