import { create } from "zustand";
import { type StudioState, studio } from "../state/store.ts";

const KEY = "octet-tour";
const SAMPLE = "fashion-mnist-dw";

/** Top-1 of both models, as shares, and what it was measured on. */
export interface Measured {
  readonly float: number;
  readonly int8: number;
  readonly samples: number;
}

/** What the tour saw: under the recipe it began with, per tensor, and after the rescue. */
export interface Seen {
  readonly before: Measured | null;
  readonly ruined: Measured | null;
  readonly saved: Measured | null;
}

interface Tour {
  /** The model that the tour runs on, or is offered for; null when it is neither. */
  readonly file: File | null;
  /** The step it is at; null while it is only offered. */
  readonly at: number | null;
  readonly seen: Seen;
}

const NOTHING: Tour = { file: null, at: null, seen: { before: null, ruined: null, saved: null } };

export const useTour = create<Tour>(() => NOTHING);

/** Offers the tour of the sample project that was just opened, unless it was taken or skipped before. */
export function offerTour(): void {
  const { model } = studio.getState();
  if (model && localStorage.getItem(KEY) === null) useTour.setState({ ...NOTHING, file: model.file });
}

export function isSample({ model }: StudioState): boolean {
  return model?.summary.name === SAMPLE;
}

/** Puts the tour at its first step, on the open model. */
export function beginTour(): void {
  useTour.setState({ ...NOTHING, file: studio.getState().model?.file ?? null, at: 0 });
}

/** Ends the tour or its offer; it is not offered again. */
export function endTour(): void {
  localStorage.setItem(KEY, "seen");
  useTour.setState(NOTHING);
}
