import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { Project, withLayerForm } from "../project/index.ts";
import { sameSettings } from "../recipe/basis.ts";
import { withActivations, withFloat, withFormat, withTarget } from "../recipe/edits.ts";
import { formsTaken, layerFormOf } from "../recipe/layerForms.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { TARGETS } from "../targets/index.ts";
import { refusalOf } from "../targets/target.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const SAMPLES = 40;

describe("layers in 16 bits beside others in 8", () => {
  let project: Project;
  let start: Recipe;
  let eight: number;

  const sqnrWith = async (recipe: Recipe) => {
    project.adopt(recipe);
    await project.settle({ samples: SAMPLES }, context);
    return (await project.probe({ skip: SAMPLES, samples: 40 }, context)).sqnr as number;
  };
  const inIntegers = () =>
    project.summary.layers.flatMap(({ id, reason, operator }) =>
      reason === null && operator !== "Flatten" ? [id] : [],
    );

  beforeAll(async () => {
    const fileName = "fashion-mnist-dw.onnx";
    const source = { bytes: new Uint8Array(readFileSync(sample(fileName))), fileName, readBeside: async () => null };
    const environment = {
      runtimes: { main: nodeRuntime(), accelerator: null },
      decoders: nodeDecoders,
      machine: "here",
    };
    project = await Project.open(source, { shapes: {}, values: {} }, environment as never, context);
    const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
    const names = ["calibration-images-idx3-ubyte.gz", "calibration-labels-idx1-ubyte.gz"];
    await project.takeData(
      names.map((name) => diskFile(sample(name), name)),
      preprocess,
    );
    eight = await sqnrWith(withTarget(project.recipe, "qnn"));
    start = project.recipe;
  });

  it("come as near to float as all in 16 bits where they are all, and between where they are some", async () => {
    const all = inIntegers();
    const some = await sqnrWith(withLayerForm(start, all.slice(-6), "a16"));
    const wide = project.summary.layers.flatMap((layer) => (layer.wide ? [layer.id] : []));
    expect(wide).toEqual(all.slice(-6));
    const every = await sqnrWith(withLayerForm(start, all, "a16"));
    const uniform = await sqnrWith(withActivations(start, { type: "uint16", symmetric: false }));
    expect(some).toBeGreaterThan(eight);
    expect(every).toBeGreaterThan(some);
    expect(Math.abs(every - uniform)).toBeLessThan(0.1);
  });

  it("are found by a search that mixes forms, for a target elsewhere, and hardly make the file larger", async () => {
    await sqnrWith(start);
    const request = {
      samples: 80,
      limit: { kind: "sqnr", decibels: eight + 1.5 },
      goal: "size",
      budget: null,
      mix: true,
    };
    const { points, best, chosen } = await project.tune(request as never, context);
    const found = points[best]!;
    expect(chosen).toBe(best);
    expect(found.recipe.wide?.length).toBeGreaterThan(0);
    expect(found.recipe.float.layers).toEqual([]);
    expect(found.bytes).toBeLessThan(1.25 * points[0]!.bytes);
  });

  it("are measured layer by layer, alone and left out, where one is beside others in 8 bits", async () => {
    const wide = inIntegers().slice(1, 4);
    await sqnrWith(withLayerForm(start, wide, "a16"));
    const { layers } = await project.sensitivity({ samples: 8 } as never, context);
    expect(layers.filter(({ layer }) => wide.includes(layer)).length).toBeGreaterThan(0);
    for (const { alone, activations } of layers) expect(Math.min(alone.sqnr, activations.sqnr)).toBeGreaterThan(15);
  });

  it("are told from others in the recipe, and given back", () => {
    const wide = withLayerForm(start, ["a", "b"], "a16");
    expect([layerFormOf(wide, "a"), layerFormOf(wide, "c")]).toEqual(["a16", null]);
    expect(withLayerForm(wide, ["a"], "f32")).toMatchObject({ wide: ["b"], float: { layers: ["a"] } });
    expect(withLayerForm(wide, ["a", "b"], null).wide).toBeUndefined();
    expect(sameSettings(withLayerForm(wide, ["a", "b"], null), start)).toBe(true);
    expect(sameSettings(wide, start)).toBe(false);
  });

  it("go where the target or the format takes none, and are refused where they are asked for", () => {
    const wide = withLayerForm(start, ["a"], "a16");
    expect(withTarget(wide, "tensorrt").wide).toBeUndefined();
    expect(withFormat(wide, "weights").wide).toBeUndefined();
    expect(withActivations(wide, { type: "uint16", symmetric: false }).wide).toBeUndefined();
    expect(withFloat(wide, "layers", ["a"], true).wide).toBeUndefined();
    expect(formsTaken(withTarget(wide, "vitis-npu"))).not.toContain("a16");
    for (const format of ["weights", "dynamic", "float16", "q4f16"] as const) {
      expect(formsTaken(withFormat(withTarget(wide, "ort-cpu"), format))).not.toContain("a16");
    }
    expect(refusalOf(TARGETS.tensorrt, { ...withTarget(wide, "tensorrt"), wide: ["a"] })).toBe(
      "TensorRT takes no layers in 16 bits; take a back.",
    );
    expect(refusalOf(TARGETS["ort-cpu"], { ...withTarget(wide, "ort-cpu"), format: "qoperator", wide: ["a"] })).toBe(
      "Layers in 16 bits stand beside others in 8, in the format qdq; leave a out, or choose uint8 or int8 for all activations, in qdq.",
    );
  });
});
