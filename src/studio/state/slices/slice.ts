/**
 * What can happen to a slice, by names that say so: from the slice as it is and what is known of the event comes the part of
 * it that is other then.
 */
export type Changes<S> = Readonly<Record<string, (slice: S, ...known: never[]) => Partial<S>>>;

/** The same as they are called: each changes the state at once. */
export type Actions<C> = {
  readonly [K in keyof C]: C[K] extends (slice: never, ...known: infer A) => unknown ? (...known: A) => void : never;
};
