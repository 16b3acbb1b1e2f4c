import { memoryFile, npyBytes } from "../src/engine/data/testing/files.ts";
import type { DataFile } from "../src/engine/model/dataset.ts";
import type { Preprocess, Preset } from "../src/engine/model/preprocess.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { readShared } from "../src/engine/testing/shared.ts";

/** A model of ../shared/models with the data that suits it. */
export interface Subject {
  /** Files of the first so many samples, with labels where they are known. */
  readonly files: (samples: number) => readonly DataFile[];
  readonly preprocess: Preprocess | Preset | null;
  readonly inputs: Recipe["inputs"];
  /** What the samples are. */
  readonly data: string;
}

const OPEN: Recipe["inputs"] = { shapes: {}, values: {}, state: {} };

/** Throws an Error for a model that has no data here. */
export function subjectOf(name: string): Subject {
  const make = SUBJECTS[name];
  if (!make) throw new Error(`There is no data for ${name} here.`);
  return make();
}

const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  "squeezenet1.1": () => photographs("imagenet", true),
  "mobilenet_v1_0.75_224": () => photographs("imagenet-tf", true),
  ultraface_rfb320: () => photographs(stretched(240, 320, "RGB", 1, 127, 128)),
  fastestdet: () => photographs(stretched(352, 352, "BGR", 1 / 255, 0, 1)),
  ppocrv4_rec: () => photographs(stretched(48, 160, "BGR", 1 / 127.5, 1, 1)),
  mnist_cntk: () => garments((value) => (value * 0.353 + 0.286) * 255),
  fmnist_dw_folded: () => garments((value) => value),
  fmnist_dw_bn: () => garments((value) => value),
  stories260K: stories,
};

export const SUBJECT_NAMES = Object.keys(SUBJECTS);

/** The content of a version 1 .npy file. */
function contentOf(path: string): Uint8Array {
  const bytes = readShared(path);
  return bytes.subarray(10 + new DataView(bytes.buffer).getUint16(8, true));
}

function photographs(preprocess: Preprocess | Preset, labelled = false): Subject {
  const pixels = 224 * 224 * 3;
  return {
    files(samples) {
      const values = contentOf("data/imagenet-mini-224.u8.npy").subarray(0, samples * pixels);
      const pictures = memoryFile("pictures.npy", npyBytes("|u1", [samples, 224, 224, 3], values));
      return labelled ? [pictures, memoryFile("labels.npy", npyBytes("<i4", [samples], classes(samples)))] : [pictures];
    },
    preprocess,
    inputs: OPEN,
    data: "photographs",
  };
}

function classes(samples: number): Int32Array {
  const rows = new TextDecoder().decode(readShared("data/imagenet-mini/labels.csv")).trim().split("\n").slice(1);
  return Int32Array.from(rows.slice(0, samples), (row) => Number(row.split(",")[1]));
}

function stretched(
  height: number,
  width: number,
  color: "RGB" | "BGR",
  scale: number,
  mean: number,
  divisor: number,
): Preprocess {
  return {
    resize: { mode: "exact", size: [height, width] },
    crop: null,
    layout: "NCHW",
    color,
    scale: scale / divisor,
    mean: [0, 0, 0].fill(mean / divisor),
    std: [1, 1, 1],
  };
}

function garments(change: (value: number) => number): Subject {
  return {
    files(samples) {
      const bytes = contentOf("data/fmnist-train500.npy").slice(0, samples * 784 * 4);
      const values = new Float32Array(bytes.buffer).map(change);
      return [memoryFile("garments.npy", npyBytes("<f4", [samples, 1, 28, 28], values))];
    },
    preprocess: null,
    inputs: OPEN,
    data: "garments (Fashion-MNIST)",
  };
}

function stories(): Subject {
  const length = 32;
  return {
    files(samples) {
      const rows: number[][] = JSON.parse(new TextDecoder().decode(readShared("data/stories_tokens.json")));
      const tokens = rows.slice(0, samples).flatMap((row) => row.slice(0, length).map(BigInt));
      return [memoryFile("tokens.npy", npyBytes("<i8", [samples, length], BigInt64Array.from(tokens)))];
    },
    preprocess: null,
    inputs: OPEN,
    data: `tokens of stories, ${length} a sample`,
  };
}
