import { describe, expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { needsShared } from "../testing/shared.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

const worst = (sqnr: Readonly<Record<string, number>>) => Math.min(...Object.values(sqnr));
const noises = (from: number, channels: number): TensorMap[] =>
  Array.from({ length: 4 }, (_, i) => new Map([["x", noise([1, channels, 6, 6], from + i)]]));

/** Three Convs, one after the other; names begin with `prefix`. */
function chain(prefix: string, channels: number): ModelProto {
  const names = Array.from({ length: 3 }, (_, i) => `${prefix}${i}`);
  const nodes = names.map((name, i) =>
    makeNode("Conv", [names[i - 1] ?? "x", `${name}.weight`, `${name}.bias`], [name], {
      attributes: [intsAttribute("pads", [1, 1, 1, 1])],
    }),
  );
  const constants = names.flatMap((name, i) => [
    [`${name}.weight`, noise([channels, channels, 3, 3], i + 1)] as const,
    [`${name}.bias`, noise([channels], i + 11)] as const,
  ]);
  const inputs = [floatInput("x", [1, channels, 6, 6])];
  return buildModel({ opset: 13, inputs, outputs: [names[2]!], nodes, constants: Object.fromEntries(constants) });
}

describe("a file larger than the float model", () => {
  test("is said first, with both sizes", async () => {
    const made = await quantizeAndCompare(chain("c", 2), noises(1, 2), noises(9, 2));
    expect(made.quantized.bytes).toBeGreaterThan(made.model.bytes);
    const [first] = made.notices;
    expect(first).toMatchObject({ kind: "warning", subject: "made.int8.onnx" });
    expect(first?.message).toMatch(
      /^"made\.int8\.onnx" is larger than the float model, \d.* kB against \d.* (kB|B): .*; keep the float model/,
    );
    const report = made.files.find(({ name }) => name.endsWith("report.json"));
    expect(JSON.parse(new TextDecoder().decode(concat(report?.chunks ?? []))).notices[0]).toEqual(first);
  });

  test("is not said of a smaller one", async () => {
    const made = await quantizeAndCompare(chain("c", 32), noises(1, 32), noises(9, 32));
    expect(made.quantized.bytes).toBeLessThan(made.model.bytes);
    expect(made.notices.filter(({ message }) => message.includes("larger"))).toEqual([]);
  });
});

describe("long names", () => {
  const long = "StatefulPartitionedCall/functional_1/backbone/stage/bottleneck_block/separable_convolution/Conv2D";

  test("are not repeated in the names that are added, and stay where they were", async () => {
    const made = await quantizeAndCompare(chain(long, 8), noises(1, 8), noises(9, 8));
    const { graph } = decodeModel(concat(made.quantized.chunks), "made.int8.onnx");
    const added = [
      ...graph!.initializer.map(({ name }) => name),
      ...graph!.node.flatMap(({ name, output }) => [name, ...output]),
    ].filter((name) => ![0, 1, 2].some((i) => name === `${long}${i}`));
    expect(added.length).toBeGreaterThan(40);
    expect(new Set(added.filter(Boolean)).size).toBe(added.filter(Boolean).length);
    for (const name of added) expect(name.length).toBeLessThan(40);
    const written = new Set(graph!.node.flatMap(({ input, output }) => [...input, ...output]));
    for (const name of ["x", `${long}0`, `${long}1`, `${long}2`]) expect(written).toContain(name);
    expect(graph!.output.map(({ name }) => name)).toEqual([`${long}2`]);
    expect(worst(made.sqnr)).toBeGreaterThan(25);
  });

  test("of 80 characters are", async () => {
    const names = async (prefix: string) => {
      const made = await quantizeAndCompare(chain(prefix, 2), noises(1, 2), noises(9, 2));
      return made.quantized.model.graph!.initializer.map(({ name }) => name);
    };
    const fits = "n".repeat(72);
    expect(await names(fits)).toContain(`${fits}0.weight_quantized`);
    expect(await names(`${fits}n`)).not.toContain(`${fits}n0.weight_quantized`);
  });

  test("do not make the file of the shared case larger than the float one", needsShared, async () => {
    const { bytes, calibration, unseen } = await sharedCase("long-names", ["x"]);
    const { quantized, notices } = await quantizeAndCompare(bytes, calibration.slice(0, 8), unseen.slice(0, 4));
    expect(quantized.bytes).toBeLessThan(bytes.length);
    expect(notices.filter(({ message }) => message.includes("larger"))).toEqual([]);
  });
});
