import { memoryFile, npyBytes } from "../../src/engine/data/testing/files.ts";
import { elementsOf } from "../../src/engine/emit/testing/shared.ts";
import type { DataFile } from "../../src/engine/model/dataset.ts";
import { readShared } from "../../src/engine/testing/shared.ts";

export const MODEL = "mobilenet_v1_0.75_224";
export const PHOTOGRAPHS = 200;
export const HALF = PHOTOGRAPHS / 2;
export const PIXELS = 224 * 224 * 3;

/** The class of each photograph, in the order of their numbers. */
export function photographLabels(): readonly number[] {
  return new TextDecoder()
    .decode(readShared("data/imagenet-mini/labels.csv"))
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => Number(line.split(",")[1]));
}

/** Every second photograph from the given one, and then the others, with their classes. */
export function photographs(first: 0 | 1): readonly DataFile[] {
  const pixels = elementsOf("data/imagenet-mini-224.u8.npy");
  const labels = photographLabels();
  const order = [first, 1 - first].flatMap((from) => Array.from({ length: HALF }, (_, at) => 2 * at + from));
  const values = new Uint8Array(PHOTOGRAPHS * PIXELS);
  for (const [to, from] of order.entries())
    values.set(pixels.subarray(from * PIXELS, (from + 1) * PIXELS), to * PIXELS);
  return [
    memoryFile("pictures.npy", npyBytes("|u1", [PHOTOGRAPHS, 224, 224, 3], values)),
    memoryFile(
      "labels.npy",
      npyBytes(
        "<i4",
        [PHOTOGRAPHS],
        Int32Array.from(order, (from) => labels[from]!),
      ),
    ),
  ];
}
