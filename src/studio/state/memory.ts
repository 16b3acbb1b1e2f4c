/** What this browser remembers of how a person likes to work; nothing where it keeps nothing for pages. */
export const memory: Pick<Storage, "getItem" | "setItem"> = {
  getItem(key) {
    try {
      return globalThis.localStorage?.getItem(key) ?? null;
    } catch {
      return null;
    }
  },
  setItem(key, value) {
    try {
      globalThis.localStorage?.setItem(key, value);
    } catch {
      // Remembered until the page is left.
    }
  },
};
