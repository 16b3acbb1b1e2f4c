import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";
import { unseenArrays } from "./testing/cases.ts";
import { context, settledCase } from "./testing/settledCase.ts";

const positives = (tensor: Tensor | undefined) =>
  Array.from((tensor?.data ?? []) as Float32Array, (value) => Number(value) > 0.5);

describe("the case of a detector calibrated on samples without a positive", needsShared, () => {
  const name = "sigmoid-never-positive";

  it("is warned of: its positives are twenty times as large as anything that samples show", async () => {
    const { calibration } = await settledCase(name);
    expect(calibration.notices).toEqual([
      {
        kind: "warning",
        subject: "sigmoid_15",
        message: expect.stringMatching(
          /^The probability sigmoid_15 never rose above 0\.00161 on 64 samples: none seems/,
        ),
      },
    ]);
  });

  it("finds every positive once samples hold some", async () => {
    const x = (await unseenArrays(name)).get("x")!;
    const some = memoryFile("more.npy", npyBytes("<f4", [8, 64], (x.data as Float32Array).subarray(0, 8 * 64)));
    const { float, integer, calibration } = await settledCase(name, [some]);
    const wanted = positives(float.get("sigmoid_15"));
    expect(wanted.filter(Boolean)).toHaveLength(16);
    expect(positives(integer.get("sigmoid_15"))).toEqual(wanted);
    expect(calibration.notices).toEqual([]);
  });
});

/** A detector that answers the sign of a sum over 3 channels, after whatever `tail` makes of its probabilities. */
function detector(tail: Parameters<typeof makeNode>[], output: string) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 4, 4])],
    outputs: [output],
    nodes: [
      makeNode("Conv", ["x", "w"], ["logits"], { name: "detect" }),
      makeNode("Reshape", ["logits", "shape"], ["rows"], { name: "rows" }),
      makeNode("Sigmoid", ["rows"], ["p"], { name: "sigmoid" }),
      ...tail.map((parts) => makeNode(...parts)),
    ],
    constants: {
      w: { type: "float32", dims: [2, 3, 1, 1], data: Float32Array.of(1, 2, 3, 3, 2, 1) },
      shape: vector("int64", [1n, 2n, 16n]),
    },
  });
}

describe("a detector of small values, calibrated on negatives", () => {
  it.each<[string, Parameters<typeof makeNode>[], string]>([
    ["with the Sigmoid at its end", [], "p"],
    ["with movers after it", [["Transpose", ["p"], ["t"], { name: "t" }]], "t"],
    [
      "with boxes beside it in one Concat",
      [["Concat", ["rows", "p"], ["c"], { name: "c", attributes: [intAttribute("axis", 1)] }]],
      "c",
    ],
    ["with one probability times another", [["Mul", ["p", "p"], ["m"], { name: "m" }]], "m"],
  ])("keeps room for positives %s", async (_, tail, output) => {
    const main = nodeRuntime();
    const source = {
      bytes: concat(encodeModel(detector(tail, output))),
      fileName: "d.onnx",
      readBeside: async () => null,
    };
    const model = await openModel(source, { shapes: {}, values: {} }, main, context);
    const values = noise([16, 3, 4, 4], 3).data as Float32Array;
    const negatives = npyBytes(
      "<f4",
      [16, 3, 4, 4],
      values.map((value) => -Math.abs(value)),
    );
    const data = await openData(model, [memoryFile("n.npy", negatives)], null, nodeDecoders);
    const { recipe, calibration } = await settle(
      model,
      defaultRecipe(model),
      data,
      { samples: 16, calibration: null },
      { main, accelerator: null },
      context,
    );
    expect(calibration.notices.map(({ subject }) => subject)).toEqual(["p"]);
    const { plan } = quantizeModel(model, recipe);
    expect(plan.layers.find(({ id }) => id === "sigmoid")?.reason).toEqual({ code: "gives-probabilities" });
    expect(plan.layers.find(({ id }) => id === "detect")?.precision).toBe("int8");
    const group = recipe.resolved![plan.groupOf.get("logits")!]!;
    expect(group.low).toBeLessThan(-6);
    expect(group.high).toBeCloseTo(Math.log(509), 6);
  });
});
