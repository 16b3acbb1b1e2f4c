import { useSyncExternalStore } from "react";
import { create } from "zustand";
import { memory } from "./state/memory.ts";

export type Theme = "system" | "light" | "dark";

const KEY = "octet-theme";

function show(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function remembered(): Theme {
  const stored = memory.getItem(KEY);
  const theme = stored === "light" || stored === "dark" ? stored : "system";
  show(theme);
  return theme;
}

/** The theme chosen, remembered over reloads. */
export const useTheme = create<{ readonly theme: Theme; readonly choose: (theme: Theme) => void }>((set) => ({
  theme: remembered(),
  choose: (theme) => {
    memory.setItem(KEY, theme);
    show(theme);
    set({ theme });
  },
}));

const DARK = "(prefers-color-scheme: dark)";

function subscribe(changed: () => void): () => void {
  const query = matchMedia(DARK);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

/** Whether the page is dark, by choice or by the system's. */
export function useDark(): boolean {
  const theme = useTheme(({ theme }) => theme);
  const system = useSyncExternalStore(subscribe, () => matchMedia(DARK).matches);
  return theme === "system" ? system : theme === "dark";
}
