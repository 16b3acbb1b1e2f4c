import { memory } from "./memory.ts";

const KEY = "octet-measure-changes";

/** Whether every change is measured in the background: yes, unless the person said otherwise. */
export function rememberedMeasuring(): boolean {
  return memory.getItem(KEY) !== "off";
}

export function rememberMeasuring(measuring: boolean): void {
  memory.setItem(KEY, measuring ? "on" : "off");
}
