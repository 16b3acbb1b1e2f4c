import * as web from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { decodedWeight } from "../encode/decoded.ts";
import { encode } from "../encode/numbers.ts";
import { optimizedOperators, relativeDifference, run } from "../graph/testing/native.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { encodeRequest } from "../plan/request.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { noiseFeeds, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });

/** Every kind of layer with a weight, odd counts, and one weight that two layers share. */
const network = () =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 7, 7])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["x", "w"], ["c"], { name: "conv" }),
      makeNode("Conv", ["c", "d"], ["e"], { name: "depthwise", attributes: [intAttribute("group", 5)] }),
      makeNode("ConvTranspose", ["e", "t"], ["u"], { name: "up" }),
      makeNode("MatMul", ["u", "m"], ["v"], { name: "matmul" }),
      makeNode("MatMul", ["v", "m"], ["z"], { name: "again" }),
      makeNode("Flatten", ["z"], ["f"], { name: "flatten" }),
      makeNode("Gemm", ["f", "g"], ["out"], { name: "gemm", attributes: [intAttribute("transB", 1)] }),
    ],
    constants: {
      ...{ w: noise([5, 3, 3, 3], 7), d: noise([5, 1, 3, 3], 8), t: noise([5, 3, 2, 2], 9) },
      ...{ m: noise([4, 4], 10), g: noise([7, 48], 11) },
    },
  });

it.each([
  ["codebook16", "channel"],
  ["codebook16", "tensor"],
  ["codebook256", "channel"],
  ["codebook256", "tensor"],
] as const)(
  "weights in %s by %s are standard operators that are worked out on loading, and give what their values give, natively and in WASM",
  async (type, granularity) => {
    const weights = { ...PLAIN_RECIPE.weights, type, granularity };
    const trial = await tryOut(network(), { format: "weights", weights });
    const graph = trial.model.graph!;
    const wanted = granularity === "channel" ? ["Cast", "Gather", "Mul"] : ["Cast", "Gather"];
    const made = graph.node.map(({ opType }) => opType).filter((each) => ["Cast", "Gather", "Mul"].includes(each));
    expect(made.sort()).toEqual(Array(5).fill(wanted).flat().sort());
    expect(new Set(graph.node.map(({ domain }) => domain))).toEqual(new Set([""]));
    const codes = graph.initializer.find(({ name }) => name === "g_quantized")!;
    const [of, bytes] = type === "codebook16" ? [Code.UINT4, 168] : [Code.UINT8, 336];
    expect([codes.dataType, codes.rawData.length]).toEqual([of, bytes]);
    expect(await optimizedOperators(trial.model)).not.toContain("Gather");

    const { weights: numbers } = encode(encodeRequest(trial.plan), new Map(), { ...PLAIN_RECIPE, weights });
    const values = new Map(
      trial.plan.layers.flatMap(({ id, weightUse }) =>
        weightUse ? [[weightUse.name, numbers.get(id)!] as const] : [],
      ),
    );
    const rounded = withFields(network(), {
      graph: withFields(network().graph!, {
        initializer: network().graph!.initializer.map(({ name }) => {
          const weight = values.get(name)!;
          return tensorProto(name, { type: "float32", dims: weight.dims, data: decodedWeight(weight) });
        }),
      }),
    });
    const feeds = noiseFeeds(network(), 3);
    const expected = (await run(rounded, feeds)).get("out");
    expect(relativeDifference(expected, (await run(trial.model, feeds)).get("out"))).toBeLessThan(1e-5);
    const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
    expect(relativeDifference(expected, (await session.run(feeds)).get("out"))).toBeLessThan(1e-5);
    await session.dispose();
  },
);
