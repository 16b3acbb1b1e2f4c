import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { tensorAttributeOf } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { inTopologicalOrder } from "../onnx/order.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { ModelProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { scalar, tensorProto } from "../onnx/tensor.ts";
import { MODEL_NAMES, readModel } from "../onnx/testing/models.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared } from "../testing/shared.ts";
import type { DataType, TensorData } from "../values/elementTypes.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { exposeOutputs } from "./shapes.ts";
import { randomFeeds, relativeDifference, run } from "./testing/native.ts";

const evaluate = (model: ModelProto) => run(model);
const names = MODEL_NAMES.filter((name) => !name.startsWith("superres_prepost"));
const cache = new Map<string, ReturnType<typeof prepareOnce>>();

async function prepareOnce(name: string) {
  const model = decodeModel(readModel(name), name);
  return { model, prepared: await prepareModel(model, evaluate, ORT.opset) };
}

function prepared(name: string) {
  const entry = cache.get(name) ?? prepareOnce(name);
  cache.set(name, entry);
  return entry;
}

function feedsOf(name: string, model: ModelProto): TensorMap {
  const feeds = randomFeeds(model, {
    ...Object.fromEntries(
      inputPorts(model).map((port) => [port.name, port.dims.map((dim) => (typeof dim === "number" ? dim : 1))]),
    ),
    ...(name.startsWith("ppocr") ? { x: [1, 3, 48, 160] } : {}),
    ...(name.startsWith("silero") ? { input: [1, 576], state: [2, 1, 128] } : {}),
    ...(name.startsWith("stories") ? { tokens: [1, 12] } : {}),
  });
  if (feeds.has("sr")) feeds.set("sr", scalar("int64", 16000));
  return feeds;
}

describe("prepareModel on real models", needsShared, () => {
  it.each(names)("%s: the outputs stay the same", async (name) => {
    const { model, prepared: result } = await prepared(name);
    const feeds = feedsOf(name, model);
    const [original, observed, folded] = [
      await run(model, feeds),
      await run(result.observed, feeds),
      await run(result.folded, feeds),
    ];
    expect(outputPorts(result.folded)).toEqual(outputPorts(model));
    expect(inputPorts(result.folded)).toEqual(inputPorts(model));
    for (const [output, tensor] of original) {
      expect(relativeDifference(tensor, observed.get(output))).toBeLessThan(1e-5);
      expect(relativeDifference(tensor, folded.get(output))).toBeLessThan(1e-4);
    }
  });

  it.each(names)("%s: observed has the activations of the original and of folded", async (name) => {
    const { model, prepared: result } = await prepared(name);
    const [original, observed] = [new GraphIndex(graphOf(model)), new GraphIndex(graphOf(result.observed))];
    const made = graphOf(result.folded)
      .node.flatMap(({ output }) => output)
      .filter(Boolean);
    expect(made.filter((tensor) => !observed.producer(tensor))).toEqual([]);
    const floats = graphOf(model)
      .node.filter(({ opType }) =>
        /^(Conv|BatchNormalization|Relu|Clip|Softmax|MatMul|Gemm|.*Pool|Sigmoid|Resize)$/.test(opType),
      )
      .flatMap(({ output }) => output);
    if (!name.startsWith("silero")) expect(floats.length).toBeGreaterThan(5);
    expect(floats.filter((tensor) => original.producer(tensor) && !observed.producer(tensor))).toEqual([]);
  });

  it.each(names)("%s: the model given is not changed and weights that stay are not copied", async (name) => {
    const bytes = readModel(name);
    const { model, prepared: result } = await prepared(name);
    expect(Buffer.compare(concat(encodeModel(model)), bytes)).toBe(0);
    const constants = graphOf(model).node.flatMap((node): [string, TensorProto][] => {
      const value = tensorAttributeOf(node, "value");
      return value ? [[node.output[0]!, value]] : [];
    });
    const before = new Map([
      ...graphOf(model).initializer.map((tensor) => [tensor.name, tensor] as const),
      ...constants,
    ]);
    const kept = graphOf(result.folded).initializer.filter((tensor) => before.has(tensor.name));
    expect(kept.length).toBeGreaterThan(0);
    for (const tensor of kept) expect(tensor.rawData.buffer).toBe(before.get(tensor.name)!.rawData.buffer);
    expect(inTopologicalOrder(graphOf(result.folded))).toBe(graphOf(result.folded));
  });

  it("folds, converts and says so", async () => {
    const notes = async (name: string) => (await prepared(`${name}.onnx`)).prepared.notes;
    expect(await notes("mobilenet_v1_0.75_224")).toEqual(["27 BatchNormalization layers folded into Conv"]);
    expect(await notes("ppocrv4_rec")).toEqual(
      expect.arrayContaining(["opset 9 converted to 13", "6 BatchNormalization layers folded into Conv"]),
    );
    const ultraface = await prepared("ultraface_rfb320.onnx");
    expect(ultraface.prepared.notes).toEqual(
      expect.arrayContaining([
        "244 initialisers taken out of the inputs",
        "35 BatchNormalization layers folded into Conv",
      ]),
    );
    expect(
      graphOf(ultraface.prepared.folded).node.filter(({ opType }) => /^(Shape|Gather|Unsqueeze)$/.test(opType)),
    ).toEqual([]);
  });

  it("inlines the branch of silero_vad that a fixed rate takes", async () => {
    const name = "silero_vad_v5.onnx";
    const { model } = await prepared(name);
    const fixed = decodeModel(readModel(name), name);
    graphOf(fixed).initializer.push(tensorProto("sr", scalar("int64", 16000)));
    const { folded } = await prepareModel(fixed, evaluate, ORT.opset);
    const feeds = new Map(feedsOf(name, model));
    const original = await run(model, feeds);
    feeds.delete("sr");
    const inlined = await run(folded, feeds);
    for (const [output, tensor] of original) expect(relativeDifference(tensor, inlined.get(output))).toBeLessThan(1e-5);
    expect(graphOf(folded).node.filter(({ opType }) => opType === "Conv").length).toBeGreaterThan(4);
  });

  it.each(["ultraface_rfb320.onnx", "ppocrv4_rec.onnx", "mnist_cntk.onnx"])(
    "%s: WASM folds to the same bytes as the native runtime",
    async (name) => {
      const { model, prepared: native } = await prepared(name);
      const { folded } = await prepareModel(model, runOnWasm, ORT.opset);
      expect(Buffer.compare(concat(encodeModel(folded)), concat(encodeModel(native.folded)))).toBe(0);
    },
  );

  it("exposes inner tensors by name alone", async () => {
    const { prepared: result } = await prepared("fmnist_dw_bn.onnx");
    const index = new GraphIndex(graphOf(result.observed));
    const inner = graphOf(result.observed).node.flatMap(({ output }) => output);
    const exposed = exposeOutputs(result.observed, inner);
    const results = await run(exposed, feedsOf("fmnist", result.observed));
    expect([...results.keys()].sort()).toEqual([...inner].sort());
    expect([...results.values()].every(({ dims }) => dims.length > 0)).toBe(true);
    expect(graphOf(exposed).output[0]).toBe(index.graph.output[0]);
  });
});

async function runOnWasm(model: ModelProto): Promise<TensorMap> {
  web.env.wasm.numThreads = 1;
  const { graph, external } = toModelFile(model);
  const session = await web.InferenceSession.create(graph, { externalData: [...external], logSeverityLevel: 3 });
  const results = await session.run({});
  const outputs = Object.entries(results).map(([name, { type, dims, data }]): [string, Tensor] => [
    name,
    { type: type as DataType, dims: [...dims], data: (data as TensorData).slice() },
  ]);
  await session.release();
  return new Map(outputs);
}
