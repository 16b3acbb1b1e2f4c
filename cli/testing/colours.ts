import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import encodePng, { init } from "@jsquash/png/encode.js";
import { intAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import type { ModelProto } from "../../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput } from "../../src/engine/onnx/testing/build.ts";

const SIDE = 8;
const PRIMARIES = 3;

/** A classifier of pictures by their strongest colour; `classes` says which class each of red, green and blue is; with a background those follow it. */
export function colourModel({
  classes = [0, 1, 2],
  input = "picture",
  side = SIDE,
  background = false,
} = {}): ModelProto {
  const count = background ? PRIMARIES + 1 : PRIMARIES;
  const first = count - PRIMARIES;
  const weights = new Float32Array(count * PRIMARIES).fill(-1);
  for (const [colour, label] of classes.entries()) weights[(first + label) * PRIMARIES + colour] = 4;
  return buildModel({
    opset: 13,
    inputs: [floatInput(input, [1, PRIMARIES, side, side])],
    outputs: [floatInput("scores", [1, count])],
    nodes: [
      makeNode("Conv", [input, "weights"], ["maps"], { name: "classify" }),
      makeNode("GlobalAveragePool", ["maps"], ["means"], { name: "pool" }),
      makeNode("Flatten", ["means"], ["scores"], { name: "flatten", attributes: [intAttribute("axis", 1)] }),
    ],
    constants: { weights: { type: "float32", dims: [count, PRIMARIES, 1, 1], data: weights } },
  });
}

export function modelBytes(model: ModelProto): Uint8Array {
  return concat(encodeModel(model));
}

/** A new folder for files of one test. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), "octet-test-"));
}

/** Writes a file into a folder and returns its path. */
export function put(folder: string, name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Writes photos of red, green and blue in turn, numbered from `first` on, and labels.csv, into a new folder below `parent`. */
export async function putColours(parent: string, name: string, count: number, first = 0): Promise<string> {
  const folder = join(parent, name);
  mkdirSync(folder);
  const rows = ["file,label"];
  for (let i = first; i < first + count; i++) {
    put(folder, `${i}.png`, await colourPng(i));
    rows.push(`${i}.png,${i % PRIMARIES}`);
  }
  put(folder, "labels.csv", rows.join("\n"));
  return folder;
}

let encoder: Promise<unknown> | null = null;

async function startEncoder(): Promise<unknown> {
  const wasm = createRequire(import.meta.url).resolve("@jsquash/png/codec/pkg/squoosh_png_bg.wasm");
  return init(await WebAssembly.compile(readFileSync(wasm)));
}

async function colourPng(index: number): Promise<Uint8Array> {
  encoder ??= startEncoder();
  await encoder;
  const data = new Uint8ClampedArray(4 * SIDE * SIDE);
  for (let i = 0; i < data.length; i++) {
    const channel = i % 4;
    const bright = channel === index % PRIMARIES ? 150 : 10;
    data[i] = channel === 3 ? 255 : bright + ((i * 7 + index * 13) % 90);
  }
  return new Uint8Array(await encodePng({ data, width: SIDE, height: SIDE } as ImageData));
}
