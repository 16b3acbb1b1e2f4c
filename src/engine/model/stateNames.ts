import type { Port } from "./tensor.ts";

/** Whether an output may be what an input takes at the next step, by type and shape; of an output without a shape its type alone tells. */
export function canFeed(output: Port, input: Port): boolean {
  return (
    output.type === input.type &&
    output.type !== "other" &&
    (output.dims.length === input.dims.length || output.dims.length === 0) &&
    output.dims.every((dim, i) => typeof dim !== "number" || typeof input.dims[i] !== "number" || dim === input.dims[i])
  );
}

/** What exporters call the next state, by what they call the state before. */
const NEXT: readonly (readonly [state: RegExp, next: readonly string[]])[] = [
  [/^past_key_values(.*)$/, ["present$1", "present_key_values$1"]],
  [/^past(.*)$/, ["present$1"]],
  [/^(.*)_in$/, ["$1_out"]],
  [/^in_(.*)$/, ["out_$1"]],
  [/^(.*\d)i$/, ["$1o"]],
  [/^(.*)0$/, ["$1n", "$1N", "$11"]],
  [/^(.*)$/, ["$1N", "$1_n", "$1n", "$1_out", "out_$1", "$1_next", "next_$1", "$1_new", "new_$1"]],
];

/** The output that is called like the next state of an input; null where there is none. */
export function likelyNext(input: Port, outputs: readonly Port[]): string | null {
  const names = NEXT.flatMap(([state, next]) =>
    state.test(input.name) ? next.map((name) => input.name.replace(state, name)) : [],
  );
  return outputs.find((output) => names.includes(output.name) && canFeed(output, input))?.name ?? null;
}
