import type { OutputPart } from "../model/evaluation.ts";
import type { Notice } from "../model/job.ts";
import type { TensorMap } from "../model/tensor.ts";
import { count, significant } from "../values/figures.ts";
import { PartComparison } from "./parts.ts";

type Silence =
  | { readonly kind: "nothing finite" }
  | { readonly kind: "one value"; readonly value: number }
  | { readonly kind: "same in every sample" };

/** Rows below which the same largest element in all of them is no surprise. */
const LEAST_ROWS = 10;

/**
 * Watches the float model's float32 outputs, sample by sample. One whose values do not vary at all, or are nowhere finite, is silent: it
 * says nothing of how close another model's are.
 */
export class Variations {
  readonly #outputs = new Map<string, Variation>();

  add(float: TensorMap): void {
    for (const [name, { dims, data }] of float) {
      if (!(data instanceof Float32Array)) continue;
      const output = this.#outputs.get(name) ?? new Variation();
      this.#outputs.set(name, output);
      output.add(data);
      output.parts.add(dims, data, data);
    }
  }

  /** The parts of an output, by the samples seen; without errors. */
  partsOf(name: string): readonly OutputPart[] {
    return this.#outputs.get(name)?.parts.results() ?? [];
  }

  isSilent(name: string): boolean {
    return this.#outputs.get(name)?.silence() != null;
  }

  get allSilent(): boolean {
    return this.#outputs.size > 0 && [...this.#outputs.keys()].every((name) => this.isSilent(name));
  }

  /** A warning for each output that is silent. */
  notices(): Notice[] {
    return [...this.#outputs].flatMap(([name, output]) => {
      const silence = output.silence();
      return silence ? [silenceNotice(name, silence, output.samples)] : [];
    });
  }
}

class Variation {
  readonly parts = new PartComparison();
  #first: Float32Array | null = null;
  #samples = 0;
  #values = 0;
  #anyFinite = false;
  #oneValue = true;
  #same = true;

  get samples(): number {
    return this.#samples;
  }

  add(values: Float32Array): void {
    const first = this.#first ?? Float32Array.from(values);
    this.#first = first;
    this.#samples++;
    this.#values += values.length;
    this.#anyFinite ||= values.some(Number.isFinite);
    this.#oneValue &&= values.every((value) => value === first[0]);
    this.#same &&= values.length === first.length && values.every((value, i) => isSame(value, first[i]!));
  }

  /** Null where the values vary, or too few were seen to tell: a single value other than 0, or a single sample. */
  silence(): Silence | null {
    if (this.#values === 0) return null;
    if (!this.#anyFinite) return { kind: "nothing finite" };
    const value = this.#first![0] ?? 0;
    if (this.#oneValue && (value === 0 || this.#values > 1)) return { kind: "one value", value };
    return this.#same && this.#samples > 1 ? { kind: "same in every sample" } : null;
  }
}

function silenceNotice(name: string, silence: Silence, samples: number): Notice {
  const where = samples === 1 ? "in the one sample judged" : `in all ${count(samples)} samples judged`;
  const [seen, advice] = wordsOf(silence, where);
  const message = `The output ${name} ${seen}, in the float model itself, so its agreement, SQNR, cosine, KL and accuracy would mean nothing and are not given; ${advice}.`;
  return { kind: "warning", subject: name, message };
}

/** Said where the largest element of every row is the same one in the float model; null below ten rows. */
export function oneAnswerNotice(name: string, answer: number | null, rows: number): Notice | null {
  if (answer === null || rows < LEAST_ROWS) return null;
  const message = `The output ${name} has its largest element at the same place (${answer}) in all ${count(rows)} rows of the float model, so their agreement says little; judge on samples with other answers too.`;
  return { kind: "info", subject: name, message };
}

function wordsOf(silence: Silence, where: string): readonly [seen: string, advice: string] {
  switch (silence.kind) {
    case "nothing finite":
      return [
        `has no finite value ${where}`,
        "see that the preprocessing is right and that no input held at a value makes the model divide by 0",
      ];
    case "one value": {
      const value = silence.value === 0 ? "is zero everywhere" : `is ${significant(silence.value)} everywhere`;
      return [
        `${value} ${where}`,
        "see that no input is held at a value that switches it off (a mask of 0 does), and that the preprocessing is right",
      ];
    }
    case "same in every sample":
      return [
        `is equal ${where}`,
        "see that the samples differ, that the input they feed reaches it, and that no input is held at a value that switches it off (a mask of 0 does)",
      ];
  }
}

function isSame(value: number, other: number): boolean {
  return value === other || (Number.isNaN(value) && Number.isNaN(other));
}
