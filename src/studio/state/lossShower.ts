import type { LossPoint } from "../../engine/model/rounding.ts";
import { actions, studio } from "./store.ts";

const SHOW_EVERY_MS = 100;

/** Shows points of a task's curves as they come, ten times a second at most. */
export function lossShower(task: string): (name: string, point: LossPoint) => void {
  let curve: LossPoint[] = [];
  let of: string | null = null;
  let shown = 0;
  return (name, point) => {
    if (name !== of) {
      curve = [];
      of = name;
      shown = 0;
    }
    curve.push(point);
    const now = performance.now();
    if (now - shown < SHOW_EVERY_MS || studio.getState().work.job?.task !== task) return;
    shown = now;
    actions.lossShown(name, [...curve]);
  };
}
