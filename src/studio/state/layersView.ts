export type LayersView = "list" | "graph";

const KEY = "octet-layers-view";

export function rememberedLayersView(): LayersView {
  return globalThis.localStorage?.getItem(KEY) === "graph" ? "graph" : "list";
}

export function rememberLayersView(view: LayersView): void {
  localStorage.setItem(KEY, view);
}
