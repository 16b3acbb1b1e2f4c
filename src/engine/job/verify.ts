import type { Runtime } from "../model/runtime.ts";
import { concat } from "../onnx/encode.ts";
import type { Quantized } from "./quantize.ts";

/** Loads the very bytes of a model's file once in the runtime, so that no file is handed out that does not load. */
export async function verifyLoads({ chunks }: Pick<Quantized, "chunks">, runtime: Runtime): Promise<void> {
  const session = await runtime.createSession({ graph: concat(chunks), external: [] }, { threads: 1 });
  await session.dispose();
}
