/** Undo and redo over immutable values. `label` names the last edit, so that a run of the same one is one step. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  readonly label: string | null;
  readonly time: number;
}

const LIMIT = 200;
const SAME_EDIT_MS = 800;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], label: null, time: 0 };
}

/** A new present. Edits of one label within 0.8 s of each other are undone together. */
export function edit<T>(history: History<T>, present: T, label: string, time: number): History<T> {
  const continues = label === history.label && time - history.time < SAME_EDIT_MS && history.future.length === 0;
  const past = continues ? history.past : [...history.past, history.present].slice(-LIMIT);
  return { past, present, future: [], label, time };
}

/** Completes the present without a step of its own. */
export function amend<T>(history: History<T>, present: T): History<T> {
  return { ...history, present };
}

/** Every value of the history, each as `change` leaves it; no step of its own. */
export function map<T>(history: History<T>, change: (value: T) => T): History<T> {
  const { past, present, future } = history;
  return { ...history, past: past.map(change), present: change(present), future: future.map(change) };
}

export function undo<T>(history: History<T>): History<T> {
  const last = history.past.at(-1);
  if (last === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: last,
    future: [history.present, ...history.future],
    label: null,
    time: 0,
  };
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, label: null, time: 0 };
}
