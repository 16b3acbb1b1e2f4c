import { areProbabilities, scoreRows } from "../evaluation/scores.ts";
import { widened } from "../evaluation/widened.ts";
import type { NamedClass, Prediction } from "../model/prediction.ts";
import type { Runtime } from "../model/runtime.ts";
import { argmax, logSumExp } from "../numerics/classScores.ts";
import type { OpenDataset } from "./data.ts";
import { type OpenModel, runnable } from "./open.ts";
import { loadSession, refusal } from "./session.ts";

/**
 * What the float model answers to a sample, of a batch to its first row; null where it gives no class scores. Throws
 * InputError when the sample cannot be read, or the model does not run on it.
 */
export async function predict(
  model: OpenModel,
  dataset: OpenDataset,
  index: number,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Prediction | null> {
  const { feeds, source } = await dataset.get(index);
  signal.throwIfAborted();
  const session = await loadSession(runtime, runnable(model.reference), { threads: 1 }, "The float model");
  try {
    signal.throwIfAborted();
    const outputs = await session.run(feeds).catch((error) => {
      throw refusal(error, `The float model does not run on ${source}`);
    });
    const labels = [dataset.labels?.at(index) ?? null].flat();
    const found = scoreRows(widened(outputs), labels.length);
    if (!found) return null;
    const named = (of: number): NamedClass => ({ index: of, name: dataset.classNames.get(of) ?? null });
    const [label = null] = labels;
    const scores = found.rows[0]!;
    const about = { output: found.name, classes: scores.length };
    return { ...about, ...answerOf(scores, named), label: label === null ? null : named(label) };
  } finally {
    await session.dispose();
  }
}

function answerOf(
  scores: Float32Array,
  named: (index: number) => NamedClass,
): Pick<Prediction, "top" | "score" | "share" | "isProbability"> {
  const at = argmax(scores);
  if (at < 0 || !scores.every(Number.isFinite) || scores.every((score) => score === scores[0])) {
    return { top: null, score: null, share: null, isProbability: false };
  }
  const score = scores[at]!;
  const isProbability = areProbabilities(scores);
  return { top: named(at), score, share: isProbability ? score : Math.exp(score - logSumExp(scores)), isProbability };
}
