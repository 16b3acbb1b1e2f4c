import { describe, expect, it } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Port } from "../model/tensor.ts";
import { preprocessCandidates } from "./candidates.ts";
import { openDataset } from "./dataset.ts";
import { memoryFile, npyBytes } from "./testing/files.ts";

type Wanted = Parameters<typeof openDataset>[1]["preprocess"];

async function candidates(port: Port["dims"], pictures: readonly number[], preprocess: Wanted, type = "|u1") {
  const elements = pictures.reduce((product, dim) => product * dim, 1);
  const data = type === "|u1" ? new Uint8Array(elements) : new Float32Array(elements);
  const files = [memoryFile("a.npy", npyBytes(type, pictures, data))];
  const input = { name: "x", type: "float32", dims: port } as const;
  return preprocessCandidates(await openDataset(files, { inputs: { open: [input], held: [] }, preprocess, decoders }));
}

const named = (found: Awaited<ReturnType<typeof candidates>>) =>
  found.map(({ preset, preprocess }) => `${preset} ${preprocess?.color} ${preprocess?.layout}`);

describe("candidates", () => {
  it("are the presets in both orders of channels, the one in use first", async () => {
    const found = await candidates([1, 3, 224, 224], [2, 300, 400, 3], "imagenet");
    expect(named(found)).toEqual([
      ...["imagenet", "imagenet-tf", "unit", "raw"].map((preset) => `${preset} RGB NCHW`),
      ...new Array(4).fill("null BGR NCHW"),
    ]);
    expect(found[4]!.preprocess).toMatchObject({ mean: [0.406, 0.456, 0.485], std: [0.225, 0.224, 0.229] });
    const other = await candidates([1, 3, 224, 224], [2, 300, 400, 3], "unit");
    expect(other[0]!.preset).toBe("unit");
    expect(other).toHaveLength(8);
  });

  it("hold what gives the same values once, and know a preset by them", async () => {
    const [resize, std] = [{ mode: "shorter", size: 256 } as const, [127.5, 127.5, 127.5]];
    const byHand: Preprocess = { resize, crop: 224, layout: "NCHW", color: "RGB", scale: 1, mean: [127.5], std };
    const found = await candidates([1, 3, 224, 224], [2, 300, 400, 3], byHand);
    expect(found).toHaveLength(8);
    expect(found[0]).toEqual({ preset: "imagenet-tf", preprocess: byHand });
  });

  it("take the size in use where a preset's own does not fit", async () => {
    const found = await candidates([1, 299, 299, 3], [1, 320, 320, 3], null);
    const first = found[0]!.preprocess!;
    expect(named(found).slice(0, 4)).toEqual(["unit RGB NHWC", "raw RGB NHWC", "null RGB NHWC", "null RGB NHWC"]);
    expect(found.map(({ preprocess }) => preprocess!.resize)).toEqual(found.map(() => first.resize));
    expect(found[2]!.preprocess).toMatchObject({ mean: [0.485, 0.456, 0.406], crop: null });
  });

  it("of grey pictures have no order of channels and no mean of three", async () => {
    expect(named(await candidates([1, 1, 8, 8], [4, 8, 8], null))).toEqual([
      "unit GRAY NCHW",
      "raw GRAY NCHW",
      "null GRAY NCHW",
    ]);
  });

  it("have both layouts where the input's shape takes both", async () => {
    const resize = { mode: "exact", size: [8, 8] } as const;
    const given: Preprocess = { resize, crop: null, layout: "NCHW", color: "RGB", scale: 1, mean: [0], std: [1] };
    const found = await candidates([1, "a", "b", "c"], [2, 8, 8, 3], given);
    expect(found[0]).toEqual({ preset: null, preprocess: given });
    expect(found).toHaveLength(16);
    expect(new Set(named(found))).toEqual(
      new Set(["null RGB NCHW", "null BGR NCHW", "null RGB NHWC", "null BGR NHWC"]),
    );
  });

  it("of tensors are what they are", async () => {
    expect(await candidates([1, 3, 4, 4], [5, 3, 4, 4], null, "<f4")).toEqual([{ preprocess: null, preset: null }]);
  });
});
