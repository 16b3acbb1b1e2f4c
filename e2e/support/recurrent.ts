import { npyBytes } from "../../src/engine/data/testing/files.ts";
import { makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { withFields } from "../../src/engine/onnx/messages.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";

export const FEATURES = 8;
export const CELLS = 16;
export const SCORES = 4;

/** Two cells, one fed by what is heard and one by the first, each carried to the next step: h to hn, and slow to slow_out. */
export function recurrentModel(): Uint8Array {
  const untyped = buildModel({
    opset: 17,
    inputs: [
      floatInput("x", ["batch", FEATURES]),
      floatInput("h", ["batch", CELLS]),
      floatInput("slow", ["batch", CELLS]),
    ],
    outputs: ["y", "hn", "slow_out"],
    nodes: [
      makeNode("MatMul", ["x", "hear"], ["heard"], { name: "hear" }),
      makeNode("MatMul", ["h", "keep"], ["kept"], { name: "keep" }),
      makeNode("Add", ["heard", "kept"], ["sum"], { name: "sum" }),
      makeNode("Tanh", ["sum"], ["hn"], { name: "squash" }),
      makeNode("MatMul", ["hn", "pass"], ["passed"], { name: "pass" }),
      makeNode("Add", ["passed", "slow"], ["more"], { name: "more" }),
      makeNode("Tanh", ["more"], ["slow_out"], { name: "settle" }),
      makeNode("MatMul", ["slow_out", "tell"], ["y"], { name: "tell" }),
    ],
    constants: {
      hear: noise([FEATURES, CELLS], 1),
      keep: noise([CELLS, CELLS], 2),
      pass: noise([CELLS, CELLS], 3),
      tell: noise([CELLS, SCORES], 5),
    },
  });
  const outputs = [
    ["y", SCORES],
    ["hn", CELLS],
    ["slow_out", CELLS],
  ] as const;
  const typed = outputs.map(([name, width]) => floatInput(name, ["batch", width]));
  return concat(encodeModel(withFields(untyped, { graph: withFields(untyped.graph!, { output: typed }) })));
}

/** What is heard along sequences, one after the other. */
export function heard(sequences: number, steps: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: sequences * steps * FEATURES }, (_, i) => 0.4 * Math.sin(i * 0.37 + 1));
}

/** The same as a .npy file. */
export function sequenceSamples(sequences: number, steps: number): Uint8Array {
  return npyBytes("<f4", [sequences, steps, FEATURES], heard(sequences, steps));
}
