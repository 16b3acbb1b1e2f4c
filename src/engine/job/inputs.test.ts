import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import type { Port } from "../model/tensor.ts";
import { settleInputs, withShapes } from "./inputs.ts";

const none = { shapes: {}, values: {} };
const input: Port = { name: "input", type: "float32", dims: ["batch", 576] };
const state: Port = { name: "state", type: "float32", dims: [2, null, 128] };
const rate: Port = { name: "sr", type: "int64", dims: [] };

describe("settleInputs", () => {
  it("gives data the one input that is not held, and fills the others", () => {
    const { dataInput, fixed } = settleInputs([input, state, rate], { shapes: {}, values: { state: 0, sr: 16000 } });
    expect(dataInput).toEqual(input);
    expect(fixed.get("sr")).toEqual({ type: "int64", dims: [], data: BigInt64Array.of(16000n) });
    expect(fixed.get("state")).toEqual({ type: "float32", dims: [2, 1, 128], data: new Float32Array(256) });
  });

  it("takes shapes for held inputs too", () => {
    const shapes = { state: [2, 3, 128], input: [3, 576] };
    const { dataInput, fixed } = settleInputs([input, state], { shapes, values: { state: 1 } });
    expect(dataInput.dims).toEqual([3, 576]);
    expect(fixed.get("state")?.data).toEqual(new Float32Array(768).fill(1));
  });

  it("refuses inputs left open, all held, unknown, or of no numbers", () => {
    expect(() => settleInputs([input, rate], none)).toThrow(
      /2 inputs \(input, sr\) and data feeds one; hold the others/,
    );
    expect(() => settleInputs([rate], { shapes: {}, values: { sr: 1 } })).toThrow(/Every input .* is held at a value/);
    expect(() => settleInputs([input], { shapes: {}, values: { sr: 1 } })).toThrow(
      /no input named sr; its inputs are input/,
    );
    expect(() => settleInputs([input], { shapes: { toString: [1] }, values: {} })).toThrow(InputError);
    const text: Port = { name: "text", type: "other", dims: [1] };
    expect(() => settleInputs([input, text], { shapes: {}, values: { text: 1 } })).toThrow(
      /text is no tensor of numbers/,
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
