import { describe, expect, it } from "vitest";
import { heldTensor } from "../data/constant.ts";
import { InputError } from "../model/job.ts";
import type { Port } from "../model/tensor.ts";
import { settleInputs, withShapes } from "./inputs.ts";

const none = { shapes: {}, values: {} };
const input: Port = { name: "input", type: "float32", dims: ["batch", 576] };
const state: Port = { name: "state", type: "float32", dims: [2, null, 128] };
const rate: Port = { name: "sr", type: "int64", dims: [] };

describe("settleInputs", () => {
  it("leaves open what is not held", () => {
    const { open, held } = settleInputs([input, state, rate], { shapes: {}, values: { state: 0.5, sr: 16000 } });
    expect(open).toEqual([input]);
    expect(held.map((each) => heldTensor(each))).toEqual([
      { type: "float32", dims: [2, 1, 128], data: new Float32Array(256).fill(0.5) },
      { type: "int64", dims: [], data: BigInt64Array.of(16000n) },
    ]);
    expect(settleInputs([input, rate], none).open).toEqual([input, rate]);
  });

  it("refuses to hold what no array holds, before memory is taken: by the model's shape, and by one that is given", () => {
    const huge: Port = { name: "pos", type: "int64", dims: ["batch", 2 ** 32, 8] };
    expect(() => settleInputs([huge], { shapes: {}, values: { pos: 0 } })).toThrow(
      new InputError(
        "The input pos is 1 × 4294967296 × 8, 256 GiB to be held at 0, and at most 2.00 GiB can be; give a smaller shape, or export the model with one.",
      ),
    );
    const given = { shapes: { input: [2 ** 20, 576] }, values: { input: 1 } };
    expect(() => settleInputs([input], given)).toThrow(/2\.25 GiB to be held at 1/);
    expect(settleInputs([huge], none).open).toEqual([huge]);
  });

  it("takes shapes for held inputs too", () => {
    const shapes = { state: [2, 3, 128], input: [3, 576] };
    const { open, held } = settleInputs([input, state], { shapes, values: { state: 1 } });
    expect(open[0]!.dims).toEqual([3, 576]);
    expect(heldTensor(held[0]!).data).toEqual(new Float32Array(768).fill(1));
  });

  it("refuses inputs unknown, of no numbers, or held at what they do not take", () => {
    expect(() => settleInputs([input], { shapes: {}, values: { sr: 1 } })).toThrow(
      /no input named sr; its inputs are input/,
    );
    expect(() => settleInputs([input], { shapes: { toString: [1] }, values: {} })).toThrow(InputError);
    const text: Port = { name: "text", type: "other", dims: [1] };
    expect(() => settleInputs([input, text], { shapes: {}, values: { text: 1 } })).toThrow(
      /text is no tensor of numbers/,
    );
    expect(() => settleInputs([rate], { shapes: {}, values: { sr: 0.5 } })).toThrow(
      new InputError("The value of sr holds 0.5, but the model's input takes int64; give it integers in range."),
    );
  });
});

describe("withShapes", () => {
  it("fills dynamic dimensions and refuses what contradicts fixed ones", () => {
    expect(withShapes([input], { input: [4, 576] })[0]!.dims).toEqual([4, 576]);
    expect(() => withShapes([input], { input: [4, 577] })).toThrow(
      "The shape 4 × 577 does not fit the input input, which is batch × 576.",
    );
    expect(() => withShapes([input], { input: [576] })).toThrow(InputError);
  });
});
