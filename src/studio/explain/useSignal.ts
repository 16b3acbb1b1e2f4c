import { useEffect, useMemo, useState } from "react";
import type { BitDepth } from "../../engine/model/bitDepth.ts";
import { elementCount } from "../../engine/values/dims.ts";
import { latestOnly } from "../state/latest.ts";
import { valuesPart } from "../state/recipeParts.ts";
import { groupOf, rowOf } from "../state/selection.ts";
import type { StudioState } from "../state/slices/studio.ts";
import { studio } from "../state/store.ts";
import { useStudio } from "../state/useStudio.ts";
import { analysis, engine } from "../state/workers.ts";

/** Samples a second, and how many are drawn: a few periods of the tone. */
const TONE = { rate: 22_050, stretch: 160 };
const TONE_SECONDS = 1.6;
/** Values of a tensor are played slowly enough to be told from a click. */
const TENSOR = { rate: 8000, stretch: 80 };
const MOST_VALUES = 16_384;

export type Source = "tone" | "tensor";

export interface Signal {
  readonly of: string;
  readonly values: Float32Array;
  /** Where the stretch that is drawn begins, and how many values it has. */
  readonly start: number;
  readonly stretch: number;
  /** Samples a second when it is played. */
  readonly rate: number;
}

/** The tensor whose values can be tried: the selected one, while its samples are at hand. */
export function tensorToTry(state: StudioState): string | null {
  if (!state.project.data) return null;
  return groupOf(state) ?? rowOf(state)?.outputs[0] ?? null;
}

/** How many values a tensor has on one sample; null where its shape is not known. */
export function sizeOf({ project: { model } }: StudioState, tensor: string | null): number | null {
  const dims = model?.plan.activations.find(({ name }) => name === tensor)?.dims;
  return dims ? elementCount(dims) : null;
}

/** The signal to try bit depths on, once it is there, or why it is not. */
export function useSignal(source: Source): { readonly signal: Signal | null; readonly failure: string | null } {
  const tensor = useStudio(tensorToTry);
  const of = source === "tensor" && tensor !== null ? tensor : "tone";
  const [signal, setSignal] = useState<Signal | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    setFailure(null);
    load(of)
      .then((loaded) => wanted && setSignal(loaded))
      .catch((error: Error) => wanted && setFailure(error.message));
    return () => {
      wanted = false;
    };
  }, [of]);
  return { signal: signal?.of === of ? signal : null, failure };
}

async function load(of: string): Promise<Signal> {
  const recipe = studio.getState().project.recipe?.present;
  const { rate, stretch } = of === "tone" ? TONE : TENSOR;
  const values =
    of === "tone" || !recipe
      ? await analysis.ask((api) => api.tone(rate, TONE_SECONDS))
      : await engine.ask((api) => api.values(of, 0, MOST_VALUES, valuesPart(recipe)));
  const start = await analysis.ask((api) => api.liveliest(values, stretch));
  return { of, values, start, stretch, rate };
}

interface Depth {
  readonly signal: Signal;
  readonly bits: number;
}

/** A signal at a number of bits; the last answer stays while the next is on its way. */
export function useBitDepth(signal: Signal | null, bits: number) {
  const [answer, setAnswer] = useState<(Depth & { readonly depth: BitDepth }) | null>(null);
  const ask = useMemo(
    () =>
      latestOnly(
        (question: Depth) => quantized(question.signal, question.bits),
        (depth: BitDepth, question) => setAnswer({ ...question, depth }),
        () => setAnswer(null),
      ),
    [],
  );
  useEffect(() => {
    if (signal) ask({ signal, bits });
  }, [ask, signal, bits]);
  return answer && answer.signal === signal ? answer : null;
}

export function quantized(signal: Signal, bits: number): Promise<BitDepth> {
  return analysis.ask((api) => api.bitDepth(signal.values, bits));
}
