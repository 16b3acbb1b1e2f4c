import { expect, it } from "vitest";
import { run } from "../graph/testing/native.ts";
import { makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { shareEqual } from "./shareEqual.ts";

const TABLES = {
  first: noise([1, 300], 1),
  other: noise([1, 300], 2),
  same: noise([1, 300], 1),
  few: noise([1, 3], 1),
};
const given = buildModel({
  opset: 13,
  inputs: [floatInput("x", [2, 300])],
  outputs: ["y", "gave"],
  nodes: [
    makeNode("Add", ["x", "first"], ["a"]),
    makeNode("Mul", ["a", "same"], ["b"]),
    makeNode("Add", ["b", "other"], ["y"]),
    makeNode("Add", ["few", "few_again"], ["gave"]),
  ],
  constants: { ...TABLES, few_again: TABLES.few },
});

it("writes large constants that are the same once, and changes no result", async () => {
  const shared = shareEqual(given);
  expect(shared.graph!.initializer.map(({ name }) => name).sort()).toEqual(["few", "few_again", "first", "other"]);
  const feeds = new Map([["x", noise([2, 300], 3)]]);
  expect(await run(shared, feeds)).toEqual(await run(given, feeds));
});

it("leaves a model without such constants, and constants that are outputs, alone", () => {
  const distinct = shareEqual(given);
  expect(shareEqual(distinct)).toBe(distinct);
  const { graph } = given;
  const output = [...graph!.output, withFields(graph!.output[0]!, { name: "same" })];
  const giving = withFields(given, { graph: withFields(graph!, { output }) });
  expect(shareEqual(giving)).toBe(giving);
});
