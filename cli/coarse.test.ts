import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { scalar } from "../src/engine/onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { octet } from "./testing/command.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

/** Scores of which a mask hides some. */
const masked = (hidden: number) =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [4, 16])],
    outputs: ["y"],
    nodes: [
      makeNode("MatMul", ["x", "w"], ["scores"], { name: "scores" }),
      makeNode("Clip", ["x", "zero", "one"], ["share"], { name: "share" }),
      makeNode("Mul", ["share", "hidden"], ["mask"], { name: "mask" }),
      makeNode("Add", ["scores", "mask"], ["sum"], { name: "sum" }),
      makeNode("Softmax", ["sum"], ["p"], { name: "p" }),
      makeNode("MatMul", ["p", "v"], ["y"], { name: "y" }),
    ],
    constants: {
      ...{ w: noise([16, 16], 2), v: noise([16, 8], 3), hidden: scalar("float32", hidden) },
      ...{ zero: scalar("float32", 0), one: scalar("float32", 1) },
    },
  });

const data = put(folder, "rows.npy", npyBytes("<f4", [8, 4, 16], noise([8, 4, 16], 5).data as Float32Array));

it.each([
  ["qnn", -3e38, 1],
  ["integer-only", -3e38, 1],
  ["qnn", -30, 0],
  ["ort-cpu", -3e38, 0],
] as const)(
  "for %s a mask of %d: what one scale loses and no layer in float keeps is told",
  async (target, hidden, told) => {
    const model = put(folder, `mask${-hidden}.onnx`, modelBytes(masked(hidden)));
    const out = join(folder, `${target}${hidden}`);
    const outcome = await octet("quantize", model, "--data", data, "--target", target, "--out", out, "--json");
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.anything()]);
    const found = outcome.json().notices.filter(({ subject }: { subject: string }) => subject === "coarse scales");
    expect(found).toHaveLength(told);
    if (told)
      expect(found[0].message).toMatch(
        /^1 scale is too coarse for part of what it holds: scores, within [\d.]+, vanishes in the steps of [\d.e+]+ of sum\. /,
      );
  },
);
