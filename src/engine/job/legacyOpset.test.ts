import { expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { Project } from "../project/project.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { modelFileOf } from "./source.ts";
import { context } from "./testing/settledCase.ts";

const SAMPLES = 6;

/** As exporters of 2017 wrote it: ONNX Runtime runs nothing of this opset. */
function legacy(opset: number): Uint8Array {
  const model = buildModel({
    opset,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: [floatInput("y", [1, 5])],
    nodes: [
      makeNode("Conv", ["x", "w"], ["t"], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] }),
      makeNode("Add", ["t", "b"], ["u"], { attributes: [intAttribute("broadcast", 1), intAttribute("axis", 1)] }),
      makeNode("Relu", ["u"], ["r"]),
      makeNode("Reshape", ["r"], ["f"], { attributes: [intsAttribute("shape", [1, 144])] }),
      makeNode("Gemm", ["f", "d", "e"], ["y"], { attributes: [intAttribute("broadcast", 1)] }),
    ],
    constants: { w: noise([4, 3, 3, 3], 2), b: noise([4], 3), d: noise([144, 5], 4), e: noise([5], 5) },
  });
  return concat(encodeModel(withFields(model, { irVersion: 3n })));
}

test.each([1, 4])("a model of opset %d is quantized, and judged against what it was", async (opset) => {
  const source = { bytes: legacy(opset), fileName: "old.onnx", readBeside: async () => null };
  const runtimes = { main: nodeRuntime(), accelerator: null };
  const environment = { runtimes, decoders: nodeDecoders, machine: "test" };
  const project = await Project.open(source, { shapes: {}, values: {} }, environment, context);
  expect(project.summary.opset).toBe(opset);
  expect(project.summary.layers.filter(({ reason }) => reason).map(({ id }) => id)).toEqual([]);
  const data = noise([2 * SAMPLES, 3, 6, 6], 9).data as Float32Array;
  await project.takeData([memoryFile("x.npy", npyBytes("<f4", [2 * SAMPLES, 3, 6, 6], data))]);
  await project.settle({ samples: SAMPLES }, context);
  const { outputs } = await project.evaluate({ skip: SAMPLES, samples: SAMPLES }, 0.01, context);
  expect(outputs[0]?.sqnr).toBeGreaterThan(25);

  const { file } = await modelFileOf(source);
  const session = await runtimes.main.createSession(file, { threads: 1 });
  const y = (await session.run(new Map([["x", noise([1, 3, 6, 6])]]))).get("y");
  expect(y?.dims).toEqual([1, 5]);
  await session.dispose();
});
