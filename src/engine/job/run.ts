import type { Evaluate } from "../graph/pass.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { refusal } from "./session.ts";

/**
 * Runs a model of constants once, for folding: a part of the model that `what` names. Nothing is optimised, so that every
 * node computes what it says. What it gives throws InputError where the runtime refuses.
 */
export function evaluateWith(runtime: Runtime, what: string): Evaluate {
  const sentence = `${what} has constant layers that ONNX Runtime does not compute`;
  return async (model) => {
    let session: Session | null = null;
    try {
      session = await runtime.createSession(toModelFile(model), { threads: 1, optimize: false });
      return await session.run(new Map());
    } catch (error) {
      throw refusal(error, sentence);
    } finally {
      await session?.dispose();
    }
  };
}
