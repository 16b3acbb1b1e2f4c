import { significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import type { Evaluation } from "./evaluation.ts";

/** What a model is for, and how well the float model and the quantized one do it. */
export interface Task {
  readonly kind: "top-1" | "perplexity";
  readonly float: number;
  readonly quantized: number;
}

/** What task a judged model does; null where it does none that can be told. */
export function taskOf({ top1, perplexity }: Pick<Evaluation, "top1" | "perplexity">): Task | null {
  if (top1) return { kind: "top-1", float: top1.float, quantized: top1.quantized };
  return perplexity && { kind: "perplexity", float: perplexity.float, quantized: perplexity.quantized };
}

/** "top-1 81.0 %, 79.0 %", float first. */
export function taskText({ kind, float, quantized }: Task): string {
  const figure = kind === "top-1" ? percent : significant;
  return `${kind} ${figure(float)}, ${figure(quantized)}`;
}
