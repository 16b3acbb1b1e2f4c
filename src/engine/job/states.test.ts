import { describe, expect, it } from "vitest";
import type { GivenInputs } from "../model/recipe.ts";
import type { Port } from "../model/tensor.ts";
import { withInputs } from "../recipe/inputs.ts";
import { settleInputs } from "./inputs.ts";

const port = (name: string, dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name, type, dims });
const x = port("x", [null, 4]);
const h = port("h", [2, null, 8]);
const rate = port("sr", [], "int64");
const y = port("y", [null, 1]);
const hn = port("hn", [null, null, null]);
const settled = (given: Partial<GivenInputs>) =>
  settleInputs([x, h, rate], { shapes: {}, values: {}, ...given }, [y, hn]);

describe("inputs that carry a state", () => {
  it("are neither open nor held", () => {
    const { open, held, states } = settled({ values: { sr: 16000 }, state: { h: "hn" } });
    expect([open, held.map((each) => each.port)]).toEqual([[x], [rate]]);
    expect(states).toEqual([{ port: h, output: hn, start: null }]);
    const [begun] = settled({ shapes: { h: [2, 1, 8] }, state: { h: "hn" } }).states;
    expect(begun).toEqual({ port: h, output: hn, start: [2, 1, 8] });
    expect(settled({}).states).toEqual([]);
  });

  it.each([
    [{ state: { g: "hn" } }, "The model has no input named g; its inputs are x, h, sr."],
    [{ state: { toString: "hn" } }, "The model has no input named toString"],
    [{ state: { h: "z" } }, "The model has no output named z to feed h from; its outputs are y, hn."],
    [{ values: { h: 0 }, state: { h: "hn" } }, "The input h is held at a value and fed from the output hn as well"],
    [{ state: { h: "y" } }, "The output y (float32 ? × 1) cannot feed the input h (float32 2 × ? × 8)"],
    [{ state: { sr: "hn" } }, "The output hn (float32 ? × ? × ?) cannot feed the input sr (int64"],
    [{ shapes: { h: [3, 1, 8] }, state: { h: "hn" } }, "The shape 3 × 1 × 8 does not fit the input h"],
  ] as const)("are refused: %j", (given, message) => {
    expect(() => settled(given as Partial<GivenInputs>)).toThrow(message);
  });

  it("do not share an output", () => {
    const g = port("g", [2, null, 8]);
    const given = { shapes: {}, values: {}, state: { h: "hn", g: "hn" } };
    expect(() => settleInputs([h, g], given, [hn])).toThrow(
      "The output hn feeds both h and g; an output feeds one input.",
    );
  });

  it("replace what a recipe held them at, and the other way round", () => {
    const held = { shapes: { x: [1, 4] }, values: { h: 0, sr: 8000 }, state: {} };
    const fed = withInputs(held, { shapes: {}, values: {}, state: { h: "hn" } });
    expect(fed).toEqual({ shapes: { x: [1, 4] }, values: { sr: 8000 }, state: { h: "hn" } });
    expect(withInputs(fed, { shapes: {}, values: { h: 0 } })).toEqual({ ...held, values: { sr: 8000, h: 0 } });
    expect(withInputs(null, held)).toEqual(held);
  });
});
