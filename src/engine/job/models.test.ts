import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { JobContext } from "../model/job.ts";
import { decodeModel } from "../onnx/decode.ts";
import { readModel } from "../onnx/testing/models.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared } from "../testing/shared.ts";
import { calibrate } from "./calibrate.ts";
import { openData } from "./data.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { fingerprint, modelFileOf, sha256 } from "./source.ts";
import { exportValid } from "./testing/exported.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const source = (name: string) => ({ bytes: readModel(name), fileName: name, readBeside: async () => null });
const open = (name: string, values: Record<string, number> = {}, shapes: Record<string, number[]> = {}) =>
  openModel(source(name), { shapes, values }, nodeRuntime(), context);

describe("reference models", needsShared, () => {
  it("mobilenet: the TensorRT cache names every float activation of the original file", async () => {
    const name = "mobilenet_v1_0.75_224.onnx";
    const model = await open(name);
    const noise = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i));
    const npy = npyBytes("<f4", [1, 3, 224, 224], noise);
    const file = { path: "noise.npy", size: npy.length, read: async (a = 0, b = npy.length) => npy.slice(a, b) };
    const data = await openData(model, [file], null, nodeDecoders);
    const request = { samples: 1, preprocess: null, resume: null, checkpoint: () => undefined };
    const calibration = await calibrate(model, data, request, { main: nodeRuntime(), accelerator: null }, context);
    const { files } = exportValid(model, { recipe: defaultRecipe(model), calibration, evaluation: null, date: "" });
    const text = (suffix: string) =>
      new TextDecoder().decode(files.find((entry) => entry.name.endsWith(suffix))!.chunks[0]);

    const [head, ...lines] = text(".trt.cache").trimEnd().split("\n");
    expect(head).toMatch(/^TRT-\d+-EntropyCalibration2$/);
    const graph = decodeModel(readModel(name), name).graph!;
    const produced = graph.node.flatMap(({ output }) => output);
    expect(graph.node.filter(({ opType }) => opType === "BatchNormalization")).toHaveLength(27);
    expect(lines.map((line) => line.split(": ")[0]).sort()).toEqual([model.open[0]!.name, ...produced].sort());
    expect(lines.every((line) => /: [0-9a-f]{8}$/.test(line))).toBe(true);

    const ranges = JSON.parse(text(".ort-ranges.json")).data;
    const folded = model.folded.graph!.node.flatMap(({ output }) => output);
    expect(Object.keys(ranges).sort()).toEqual([model.open[0]!.name, ...folded].sort());
  });

  it("silero_vad: asks what each input gets that is neither given nor held", async () => {
    const asking = openData(
      await open("silero_vad_v5.onnx"),
      [memoryFile("x.npy", npyBytes("<f4", [1, 576], new Float32Array(576)))],
      null,
      nodeDecoders,
    );
    await expect(asking).rejects.toThrow(/does not say what each of the inputs input, state, sr gets; give it by name/);
    const model = await open("silero_vad_v5.onnx", { state: 0, sr: 16000 }, { input: [1, 576], state: [2, 1, 128] });
    expect(model.open).toMatchObject([{ name: "input", dims: [1, 576] }]);
    expect(model.held.map(({ port: { name, dims }, value }) => [name, dims, value])).toEqual([
      ["state", [2, 1, 128], 0],
      ["sr", [], 16000],
    ]);
  });

  it("superres_prepost: is refused for its operators", async () => {
    await expect(open("superres_prepost_op18.onnx")).rejects.toThrow(/com\.microsoft\.extensions\.\w+/);
  });

  it("run as the bytes of their file", async () => {
    const { file, bytes } = await modelFileOf(source("squeezenet1.1.onnx"));
    expect(file.external).toEqual([]);
    expect(Buffer.from(file.graph).equals(readModel("squeezenet1.1.onnx"))).toBe(true);
    expect(bytes).toBe(file.graph.length);
  });
});

describe("fingerprint", () => {
  it("is the SHA-256 of the file, and changes with weights beside it", async () => {
    const bytes = new Uint8Array(readFileSync(new URL(import.meta.url)));
    expect(await fingerprint(bytes, [])).toBe(createHash("sha256").update(bytes).digest("hex"));
    const beside = (value: number) => fingerprint(bytes, [{ path: "w", data: Uint8Array.of(value) }]);
    expect(await beside(1)).not.toBe(await beside(2));
    expect(await beside(1)).toBe(await beside(1));
  });

  it("takes a file that is too long to be digested at once in pieces", async () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
    const digest = (part: Uint8Array) => createHash("sha256").update(part).digest();
    const pieces = [bytes.subarray(0, 40), bytes.subarray(40, 80), bytes.subarray(80)];
    expect(await sha256(bytes, undefined, 99, 40)).toEqual(new Uint8Array(digest(Buffer.concat(pieces.map(digest)))));
    expect(await sha256(bytes, undefined, 100, 40)).toEqual(new Uint8Array(digest(bytes)));
  });
});
