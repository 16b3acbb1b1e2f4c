import type { Evaluate } from "../graph/pass.ts";
import type { Runtime } from "../model/runtime.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";

/** Runs a model of constants once, for folding. Nothing is optimised, so that every node computes what it says. */
export function evaluateWith(runtime: Runtime): Evaluate {
  return async (model) => {
    const session = await runtime.createSession(toModelFile(model), { threads: 1, optimize: false });
    try {
      return await session.run(new Map());
    } finally {
      await session.dispose();
    }
  };
}
