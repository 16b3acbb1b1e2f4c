import type { Runtime } from "../model/runtime.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { Quantized } from "./quantize.ts";

/** Loads a quantized model once in the runtime, so that no file is handed out that does not load. */
export async function verifyLoads(quantized: Quantized, runtime: Runtime): Promise<void> {
  const session = await runtime.createSession(toModelFile(quantized.model), { threads: 1 });
  await session.dispose();
}
