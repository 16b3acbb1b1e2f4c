import type { Runtime } from "../model/runtime.ts";

export interface FoundRuntime {
  readonly runtime: Runtime;
  /** What is wrong with the native build, as a clause without an end; null where it runs. */
  readonly missing: string | null;
}

/** ONNX Runtime in Node: its native build, or its WASM build where onnxruntime-node is not installed or does not load. */
export async function nodeOrWasm(): Promise<FoundRuntime> {
  try {
    const { nodeRuntime } = await import("./node.ts");
    return { runtime: nodeRuntime(), missing: null };
  } catch (error) {
    const { packagedWasm } = await import("./packagedWasm.ts");
    return { runtime: await packagedWasm(1), missing: reasonOf(error as NodeJS.ErrnoException) };
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  const isAbsent = code === "ERR_MODULE_NOT_FOUND" && message.includes("'onnxruntime-node'");
  return isAbsent
    ? "onnxruntime-node is not installed"
    : `onnxruntime-node does not load (${message.split("\n", 1)[0]})`;
}
