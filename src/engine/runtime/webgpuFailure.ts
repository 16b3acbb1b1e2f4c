import { AcceleratorLost } from "../model/runtime.ts";

const OUT_OF_MEMORY = /out of memory|out-of-memory|bad_alloc|allocation failed|exceeds the max (buffer|binding) size/i;
const DEVICE_LOST = /device (was|is) lost|device lost|device (is|was) destroyed|external instance reference/i;
const NOT_SUPPORTED =
  /not implemented|could not find an implementation|not supported|unsupported|failed to find kernel|no opset import/i;

/**
 * Why WebGPU cannot go on, as one sentence: out of memory, device lost, operator not supported, or else the first line of
 * what it said.
 */
export function webgpuFailure(error: unknown): AcceleratorLost {
  if (error instanceof AcceleratorLost) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AcceleratorLost(`WebGPU stopped: ${reasonOf(message)}.`);
}

function reasonOf(message: string): string {
  if (OUT_OF_MEMORY.test(message)) return "the GPU ran out of memory";
  if (DEVICE_LOST.test(message)) return "the GPU device was lost";
  const line = (message.split("\n")[0] ?? "").replace(/\.$/, "");
  if (NOT_SUPPORTED.test(message)) return `an operator of the model is not supported there (${line})`;
  return line === "" ? "it gave no reason" : line;
}
