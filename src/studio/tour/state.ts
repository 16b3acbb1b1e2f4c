import { create, type StoreApi, type UseBoundStore } from "zustand";
import { memory } from "../state/memory.ts";
import type { Project } from "../state/slices/project.ts";
import { studio } from "../state/store.ts";

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

const tour = create<Tour>(() => NOTHING);

/** The tour to read and to follow; it is changed here only. */
export const useTour: UseBoundStore<Pick<StoreApi<Tour>, "getState" | "getInitialState" | "subscribe">> = tour;

/** Offers the tour of the sample project that was just opened, unless it was taken or skipped before. */
export function offerTour(): void {
  const { model } = studio.getState().project;
  if (model && memory.getItem(KEY) === null) tour.setState({ ...NOTHING, file: model.file });
}

export function isSample({ model }: Pick<Project, "model">): boolean {
  return model?.summary.name === SAMPLE;
}

/** Puts the tour at its first step, on the open model. */
export function beginTour(): void {
  tour.setState({ ...NOTHING, file: studio.getState().project.model?.file ?? null, at: 0 });
}

/** Goes to the step after one that is done; `leaves` is the figure that this one leaves behind. */
export function goOn(at: number, leaves: keyof Seen | undefined, measured: Measured | null): void {
  tour.setState(({ seen }) => ({ at: at + 1, seen: leaves ? { ...seen, [leaves]: measured } : seen }));
}

/** Ends the tour with the model that it ran on; it is offered again. */
export function leaveTour(): void {
  tour.setState({ file: null, at: null });
}

/** Ends the tour or its offer; it is not offered again. */
export function endTour(): void {
  memory.setItem(KEY, "seen");
  tour.setState(NOTHING);
}
