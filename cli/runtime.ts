import type { Runtime } from "../src/engine/model/runtime.ts";
import { nodeOrWasm } from "../src/engine/runtime/nodeOrWasm.ts";
import type { Terminal } from "./terminal.ts";

/** ONNX Runtime for a command: native, or in WASM where that is not to be had, which is said. */
export async function terminalRuntime(terminal: Pick<Terminal, "say">): Promise<Runtime> {
  const { runtime, missing } = await nodeOrWasm();
  if (missing !== null) {
    terminal.say(
      `note: ${missing}, so models run in WASM, which is slower; to get it: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`,
    );
  }
  return runtime;
}
