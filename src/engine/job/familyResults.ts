import type { Evaluation } from "../model/evaluation.ts";
import { crashes, type Runs, type Seen, type VariantResult } from "../model/family.ts";
import { type Notice, namesSubject } from "../model/job.ts";
import { taskOf } from "../model/task.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { listed } from "../values/figures.ts";
import { besideWebgpu, noiseOf, worstOutput } from "./family.ts";

/** Where files are made and run. */
export type Place = "native" | "wasm";

const NOT_MADE: Runs = { native: null, wasm: null, webgpu: null, onProcessor: [] };

/** A variant that there is none of, and why. */
export function notMade(part: string, dtype: string, says: string): VariantResult {
  return {
    part,
    dtype,
    file: null,
    bytes: null,
    sqnr: null,
    samples: null,
    task: null,
    noise: null,
    runs: NOT_MADE,
    says,
  };
}

export interface MadeFile {
  readonly part: string;
  readonly dtype: string;
  readonly file: string;
  readonly bytes: number;
  readonly weights?: string;
  readonly model: ModelProto;
  /** Null where it was not judged, as the float model. */
  readonly evaluation: Evaluation | null;
  readonly seen: Seen;
  readonly says: string | null;
}

export function resultOf({ model, evaluation, seen, ...made }: MadeFile, place: Place): VariantResult {
  return {
    ...made,
    sqnr: evaluation && worstOutput(evaluation),
    samples: evaluation?.samples ?? null,
    task: evaluation && taskOf(evaluation),
    noise: evaluation && noiseOf(evaluation),
    runs: {
      native: place === "native" ? seen : "predicted",
      wasm: place === "wasm" ? seen : "predicted",
      webgpu: "predicted",
      onProcessor: besideWebgpu(model),
    },
  };
}

/** Which file is slower has to be said, where there are several. */
const LATENCY = "latency";

/** Notices that name a file by what it is called in the family. */
export function renamed(notices: readonly Notice[], from: string, to: string): Notice[] {
  return notices.map(({ kind, subject, message }) => ({
    kind,
    subject: subject === from || subject === LATENCY ? to : subject,
    message: message.replaceAll(`"${from}"`, `"${to}"`),
  }));
}

export interface Told {
  readonly file: string;
  readonly notices: readonly Notice[];
}

/** What is said of the files of a family, each once: what the target says of all names no file, all else those it is of. */
export function toldOnce(told: readonly Told[], family: string): Notice[] {
  const all = new Map<string, { readonly notice: Notice; readonly files: Set<string> }>();
  for (const { file, notices } of told) {
    for (const notice of notices) {
      const key = JSON.stringify([notice.kind, notice.subject, notice.message]);
      const known = all.get(key) ?? { notice, files: new Set() };
      all.set(key, known);
      known.files.add(file);
    }
  }
  return [...all.values()].map(({ notice, files }) => {
    const { kind, subject, message } = notice;
    if (subject === family || files.has(subject)) return notice;
    const of = listed([...files]);
    return { kind, subject: namesSubject(notice) ? of : `${of}: ${subject}`, message };
  });
}

const ORDER = ["q8", "fp16", "fp32"];

/** Which variant of each part the library takes where nobody chooses: q8, or the first of fp16, fp32 and those made that is good where that is noise or was not made. */
export function defaultDtypes(
  parts: readonly { readonly name: string }[],
  results: readonly VariantResult[],
): ReadonlyMap<string, string> {
  return new Map(
    parts.map(({ name }): readonly [string, string] => {
      const good = results.filter(
        (each) => each.part === name && each.file !== null && each.noise === null && !crashes(each),
      );
      const chosen = ORDER.find((dtype) => good.some((each) => each.dtype === dtype));
      return [name, chosen ?? good[0]?.dtype ?? "fp32"];
    }),
  );
}
