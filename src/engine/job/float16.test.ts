import { describe, expect, it } from "vitest";
import type { DataFile } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { TensorProto_DataType as Code, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { Project } from "../project/index.ts";
import { nodeRuntime } from "../runtime/node.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const DATE = "2026-11-28T00:00:00.000Z";

/** A network between whose layers values are as large as `gain` makes them, and back to about 1 at its end. */
function project(gain: number): Promise<Project> {
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 8])],
    outputs: [floatInput("out", [1, 3])],
    nodes: [
      makeNode("MatMul", ["x", "v"], ["a"], { name: "first" }),
      makeNode("Mul", ["a", "gain"], ["large"], { name: "gain" }),
      makeNode("Relu", ["large"], ["positive"], { name: "relu" }),
      makeNode("Div", ["positive", "gain"], ["b"], { name: "back" }),
      makeNode("MatMul", ["b", "w"], ["out"], { name: "last" }),
    ],
    constants: { v: noise([8, 8], 3), w: noise([8, 3], 4), gain: scalar("float32", gain) },
  });
  return open(model);
}

function open(model: ModelProto): Promise<Project> {
  const bytes = concat(encodeModel(model));
  const environment = { runtimes: { main: nodeRuntime(), accelerator: null }, decoders: null, machine: "here" };
  return Project.open(
    { bytes, fileName: "gained.onnx", readBeside: async () => null },
    { shapes: {}, values: {} },
    environment as never,
    context,
  );
}

function samples(): DataFile[] {
  const rows = Array.from({ length: 6 }, (_, i) => ({ x: [[...(noise([8], i + 1).data as Float32Array)]] }));
  const text = new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join("\n"));
  const read = async (start = 0, end = text.length) => text.slice(start, end);
  return [{ path: "rows.jsonl", size: text.length, read } as unknown as DataFile];
}

async function exported(gain: number, data: boolean, changes: Partial<Recipe> = {}) {
  const opened = await project(gain);
  opened.edit({ format: "float16", ...changes });
  if (data) await opened.takeData(samples(), null);
  if (data) await opened.settle({ samples: 6 }, context);
  else opened.resolve();
  return { opened, ...(await opened.export({ evaluation: null, date: DATE }, context)) };
}

describe("values above the largest float16", () => {
  it("that samples show between layers stay in float32, with the layers that make and read them, by name", async () => {
    const { quantized, recipe, notices, files } = await exported(50_000, true);
    expect(files[0]!.name).toBe("gained.float16.onnx");
    expect(Object.keys(recipe.spared!).sort()).toEqual(["large", "positive"]);
    const inFloat = quantized.plan.layers.filter(({ precision }) => precision === "float32").map(({ id }) => id);
    expect(inFloat).toEqual(["first", "relu", "back"]);
    expect(notices.filter(({ subject }) => subject === "large").map(({ message }) => message)).toEqual([
      "The layers that large reaches stay in float32: large holds values above 65504, which are infinite in float16.",
    ]);
    expect(notices.some(({ message }) => message.startsWith("No samples were seen"))).toBe(false);
    const layer = quantized.plan.layers[0]!;
    expect(layer.reason).toEqual({ code: "too-large", tensor: "large" });
    const types = new Map(quantized.model.graph!.initializer.map(({ name, dataType }) => [name, dataType]));
    expect([types.get("w"), types.get("gain")]).toEqual([Code.FLOAT16, Code.FLOAT]);
  });

  it("are named where they leave nothing to be in float16", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 8])],
      outputs: [floatInput("out", [1, 8])],
      nodes: [
        makeNode("MatMul", ["x", "far"], ["big"], { name: "first" }),
        makeNode("Relu", ["big"], ["out"], { name: "relu" }),
      ],
      constants: { far: { type: "float32", dims: [8, 8], data: new Float32Array(64).fill(50_000) } },
    });
    const opened = await open(model);
    opened.edit({ format: "float16" });
    await opened.takeData(samples(), null);
    await opened.settle({ samples: 6 }, context);
    const { recipe } = opened;
    expect(Object.keys(recipe.spared!)).toContain("big");
    await expect(opened.export({ evaluation: null, date: DATE }, context)).rejects.toThrow(
      "Nothing in gained would be quantized: every layer stays in float32: big holds values above 65504, which are infinite in float16",
    );
  });

  it("are not looked for without samples, which is said, and are once there are some", async () => {
    const without = await exported(50_000, false);
    expect(without.recipe.spared).toBe(null);
    const warnings = without.notices.filter(({ kind }) => kind === "warning").map(({ message }) => message);
    expect(warnings.join()).toContain("No samples were seen, so that nobody looked for values above 65504");
    const { opened } = without;
    await opened.takeData(samples(), null);
    await opened.settle({ samples: 6 }, context);
    expect(Object.keys(opened.recipe.spared!).sort()).toEqual(["large", "positive"]);
  });

  it("are none in most networks, of which all but the last layers is in float16", async () => {
    const { quantized, recipe } = await exported(2, true);
    expect(recipe.spared).toEqual({});
    expect(quantized.plan.layers.every(({ precision }) => precision === "float16")).toBe(true);
  });
});

describe("a recipe of float16", () => {
  it("asks for nothing that is about codes, whatever it says of them", async () => {
    const weights = { type: "int4", granularity: "tensor", rounding: "learned" } as const;
    const { recipe, quantized } = await exported(2, false, { weights, elementwise: "auto" });
    expect([recipe.rounding, recipe.biases]).toEqual([null, null]);
    expect(quantized.model.opsetImport.map(({ version }) => Number(version))).toEqual([17]);
  });

  it("refuses what is about codes", async () => {
    const opened = await project(2);
    opened.edit({ format: "float16" });
    await opened.takeData(samples(), null);
    await opened.settle({ samples: 6 }, context);
    const about = /is about weights and activations in integers, and a recipe of float16 has none/;
    await expect(opened.sensitivity({ samples: 4, untilSettled: false }, context)).rejects.toThrow(about);
    await expect(opened.walk(4, context)).rejects.toThrow(about);
  });
});
