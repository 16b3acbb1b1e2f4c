const KEY = "octet-measure-changes";

/** Whether every change is measured in the background: yes, unless the person said otherwise. */
export function rememberedMeasuring(): boolean {
  return globalThis.localStorage?.getItem(KEY) !== "off";
}

export function rememberMeasuring(measuring: boolean): void {
  localStorage.setItem(KEY, measuring ? "on" : "off");
}
