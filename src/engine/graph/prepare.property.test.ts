import fc from "fast-check";
import { expect, it } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { ORT } from "../targets/ort.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { arbitraryModel } from "./testing/arbitraryModel.ts";
import { randomFeeds, relativeDifference } from "./testing/native.ts";

const runtime = nodeRuntime();

/** With every node as it is written, and with names as a runtime takes them. */
async function run(model: ModelProto, feeds: TensorMap): Promise<TensorMap> {
  const session = await runtime.createSession(toModelFile(model), { threads: 1, optimize: false });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

const evaluate = (model: ModelProto) => run(model, new Map());
const again = (model: ModelProto) => decodeModel(concat(encodeModel(model)), "model");

/** ONNX Runtime packs weights that nobody can replace when it loads a model, and then adds in another order. */
function hasComputedWeights(model: ModelProto): boolean {
  const index = new GraphIndex(graphOf(model));
  const inputs = new Set(index.graph.input.map(({ name }) => name));
  const isComputed = (name: string) => inputs.has(name) || (index.producer(name)?.opType ?? "Constant") !== "Constant";
  return index.graph.node.some(
    ({ opType, input }) => /^(Conv|ConvTranspose|Gemm|MatMul)$/.test(opType) && input.slice(1).some(isComputed),
  );
}

function expectEqual(expected: TensorMap, found: TensorMap, isExact: boolean, what: string): void {
  expect([...found.keys()].sort(), what).toEqual([...expected.keys()].sort());
  for (const [name, tensor] of expected) {
    const other = found.get(name);
    expect(other?.dims, `${what}: ${name}`).toEqual(tensor.dims);
    if (isExact) expect(other?.data, `${what}: ${name}`).toEqual(tensor.data);
    else expect(relativeDifference(tensor, other), `${what}: ${name}`).toBeLessThan(1e-4);
  }
}

it("any model survives decoding, preparation and encoding with its outputs", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryModel, async (made) => {
      const model = again(made);
      const feeds = randomFeeds(model);
      const outputs = await run(made, feeds);
      expectEqual(outputs, await run(again(model), feeds), true, "encoded again");

      const { folded, observed, notes, generation } = await prepareModel(model, evaluate, ORT.opset);
      const isObservedExact =
        generation === 1 && !hasComputedWeights(model) && !notes.some((note) => /brought to plain/.test(note));
      expectEqual(outputs, await run(again(observed), feeds), isObservedExact, `observed after ${notes}`);
      const isExact = isObservedExact && !notes.some((note) => /folded into/.test(note));
      expectEqual(outputs, await run(again(folded), feeds), isExact, `folded after ${notes}`);
      const made2 = graphOf(folded).node.flatMap(({ output }) => output.filter(Boolean));
      const index = new GraphIndex(graphOf(observed));
      expect(made2.filter((name) => !index.producer(name))).toEqual([]);

      const twice = await prepareModel(again(folded), evaluate, ORT.opset);
      expect(concat(encodeModel(twice.folded))).toEqual(concat(encodeModel(folded)));
    }),
    { numRuns: 300 },
  );
});
