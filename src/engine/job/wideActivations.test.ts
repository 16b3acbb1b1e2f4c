import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import { optimizedOperators } from "../graph/testing/native.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { opsetOf } from "../onnx/opset.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import { Project } from "../project/index.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { ORT } from "../targets/ort.ts";
import { refusalOf } from "../targets/target.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const SAMPLES = 40;

async function settled(activations: Recipe["activations"], changes: Partial<Recipe> = {}): Promise<Project> {
  const fileName = "fashion-mnist-dw.onnx";
  const source = { bytes: new Uint8Array(readFileSync(sample(fileName))), fileName, readBeside: async () => null };
  const environment = { runtimes: { main: nodeRuntime(), accelerator: null }, decoders: nodeDecoders, machine: "here" };
  const project = await Project.open(source, { shapes: {}, values: {} }, environment as never, context);
  const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
  const names = ["calibration-images-idx3-ubyte.gz", "calibration-labels-idx1-ubyte.gz"];
  await project.takeData(
    names.map((name) => diskFile(sample(name), name)),
    preprocess,
  );
  project.edit({ activations, ...changes });
  await project.settle({ samples: SAMPLES }, context);
  return project;
}

describe("activations in 16 bits", () => {
  let eight: number;
  const sqnrOf = async (project: Project) =>
    (await project.probe({ skip: SAMPLES, samples: 40 }, context)).sqnr as number;

  beforeAll(async () => {
    eight = await sqnrOf(await settled({ type: "uint8", symmetric: false }));
  });

  it.each([
    ["uint16", false, Code.UINT16],
    ["int16", true, Code.INT16],
  ] as const)(
    "%s lose what weights in int8 do and no more, in operators of opset 21",
    async (type, symmetric, code) => {
      const project = await settled({ type, symmetric });
      expect(await sqnrOf(project)).toBeGreaterThan(eight + 3);
      const { quantized } = await project.export({ evaluation: null, date: "2026-11-29T00:00:00.000Z" }, context);
      const { graph } = quantized.model;
      expect(opsetOf(quantized.model)).toBe(21);
      const zeros = graph!.node.filter(({ opType }) => opType === "QuantizeLinear").map(({ input }) => input[2]);
      const types = new Map(graph!.initializer.map(({ name, dataType }) => [name, dataType]));
      expect(new Set(zeros.map((name) => types.get(name!)))).toEqual(new Set([code]));
      expect(graph!.node.some(({ domain }) => domain !== "")).toBe(false);
    },
  );

  it("are computed in float by the runtime here, which is said of every layer with weights", async () => {
    const project = await settled({ type: "uint16", symmetric: false });
    const { quantized } = await project.export({ evaluation: null, date: "2026-11-29T00:00:00.000Z" }, context);
    expect(
      (await optimizedOperators(quantized.model)).filter(
        (type) => /^Q|Integer/.test(type) && type !== "QuantizeLinear",
      ),
    ).toEqual([]);
    const { layers, floatKernels } = project.summary;
    const weighted = layers.filter(({ weight }) => weight !== null).map(({ id }) => id);
    expect(weighted.length).toBeGreaterThan(0);
    expect(weighted.filter((id) => !floatKernels.includes(id))).toEqual([]);
    const made = layers.filter(({ weight, reason }) => weight === null && reason === null);
    expect(new Set(made.map(({ precision }) => precision))).toEqual(new Set(["int16"]));
  });

  it("do not go with operators on codes, which take 8 bits", async () => {
    const { recipe } = await settled({ type: "uint16", symmetric: false });
    expect(refusalOf(ORT, { ...recipe, format: "qoperator" })).toBe(
      "The format qoperator holds operators on codes, which take 8 bits; choose another type of activations in the place of uint16, or the format qdq.",
    );
  });
});
