import { memory } from "./memory.ts";
/** "wide" is the graph alone, over the whole width. */
export type LayersView = "list" | "graph" | "wide";

const KEY = "octet-layers-view";

export function rememberedLayersView(): LayersView {
  return memory.getItem(KEY) === "graph" ? "graph" : "list";
}

/** Of the graph it is remembered that it is one, and not how wide: a model opens with its steps in view. */
export function rememberLayersView(view: LayersView): void {
  memory.setItem(KEY, view === "wide" ? "graph" : view);
}
