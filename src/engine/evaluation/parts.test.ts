import { describe, expect, it } from "vitest";
import { OutputComparison } from "./outputs.ts";
import { shortfalls } from "./shortfalls.ts";

type Values = readonly number[];

/** Each sample so often: of few values no parts are told. */
const TIMES = 8;

function compared(dims: Values | readonly Values[], float: readonly Values[], quantized: readonly Values[]) {
  const comparison = new OutputComparison();
  const again = Array.from({ length: TIMES }, () => [...float.entries()]).flat();
  for (const [sample, values] of again) {
    const of = (data: Values) => {
      const shape = (Array.isArray(dims[0]) ? dims[sample] : dims) as Values;
      return new Map([["y", { type: "float32" as const, dims: shape, data: Float32Array.from(data) }]]);
    };
    comparison.add(of(values), of(quantized[sample]!));
  }
  return comparison.results()[0]!;
}

const doubts = (output: ReturnType<typeof compared>) =>
  shortfalls({
    bytes: { float: 2, quantized: 1 },
    outputs: [output],
    latency: {
      float: { p50: 1, p95: 1 },
      quantized: { p50: 1, p95: 1 },
      ...{ runs: 1, threads: 1, runtime: "", machine: "" },
    },
  }).map(({ message }) => message);

describe("an output of parts of very different size", () => {
  const float = [
    [640, 320, 0.9, 0.1, 200, 100, 0.3, 0.2],
    [400, 50, 0.05, 0.7, 30, 600, 0.6, 0.4],
  ];
  const scoresLost = float.map((sample) => sample.map((value) => (value < 1 ? 0 : value + 1)));

  it.each([
    ["in the last axis", [1, 2, 4], [[2, 3]], 2],
    [
      "in the only axis that samples fill",
      [8],
      [
        [2, 3],
        [6, 7],
      ],
      0,
    ],
  ] as const)("has an SQNR for each, the worst as its own, %s", (_, dims, scores, axis) => {
    const output = compared(dims, float, scoresLost);
    expect(output.parts).toHaveLength(2);
    expect(output.parts[0]).toEqual({ axis, channels: scores, largest: Math.fround(0.9), sqnr: 0 });
    expect(output.parts[1]).toMatchObject({ largest: 640 });
    expect(output.parts[1]!.sqnr).toBeGreaterThan(40);
    expect(output.sqnr).toBe(0);
  });

  it("is told with the channels that are ruined, though the whole looks well", () => {
    const [message] = doubts(compared([1, 2, 4], float, scoresLost));
    expect(message).toContain("SQNR of 0 dB in its channels 2 to 3 (up to 0.900), below 10 dB");
  });

  it("is found along a middle axis", () => {
    const across = float.map((sample) => [0, 4, 1, 5, 2, 6, 3, 7].map((at) => sample[at]!));
    const { parts } = compared([1, 4, 2], across, across);
    expect(parts.map(({ axis, channels, sqnr }) => ({ axis, channels, sqnr }))).toEqual([
      { axis: 1, channels: [[2, 3]], sqnr: Infinity },
      { axis: 1, channels: [[0, 1]], sqnr: Infinity },
    ]);
  });

  it("is found where samples have other numbers of boxes, and passes over what is not finite", () => {
    const given = [
      [640, 0.5],
      [300, 0.25, Number.NaN, Number.POSITIVE_INFINITY],
    ];
    const { parts, sqnr } = compared(
      [
        [1, 1, 2],
        [1, 2, 2],
      ],
      given,
      given.map((sample) => sample.map((x) => x * 1.1)),
    );
    expect(parts.map(({ axis, channels }) => [axis, channels])).toEqual([
      [2, [[1, 1]]],
      [2, [[0, 0]]],
    ]);
    expect(sqnr).toBeCloseTo(20, 2);
  });
});

it("has no parts while too few values are there to tell them by", () => {
  const comparison = new OutputComparison();
  const output = new Map([["y", { type: "float32" as const, dims: [1, 2], data: Float32Array.of(640, 0.5) }]]);
  for (let sample = 0; sample < 7; sample++) comparison.add(output, output);
  const other = new Map([["y", { type: "float32" as const, dims: [1, 2], data: Float32Array.of(600, 0.4) }]]);
  comparison.add(other, other);
  expect(comparison.results()[0]!.parts).toHaveLength(2);
  const few = new OutputComparison();
  for (const each of [output, other]) few.add(each, each);
  expect(few.results()[0]!.parts).toEqual([]);
});

describe("an output of one part", () => {
  it.each<[string, Values, readonly Values[]]>([
    [
      "of scores alike in size",
      [1, 3],
      [
        [3, -1, 0.5],
        [2, 4, 1],
      ],
    ],
    [
      "of two classes, one of which never shows",
      [1, 2],
      [
        [0.9999, 0.0001],
        [0.9998, 0.0002],
      ],
    ],
    [
      "whose samples differ in size",
      [2, 2],
      [
        [500, 400, 0.2, 0.3],
        [0.1, 0.2, 300, 600],
      ],
    ],
    ["of one value", [1, 1], [[3], [4]]],
    ["of no value", [1, 0], [[], []]],
  ])("%s has its errors as a whole", (_, dims, float) => {
    expect(compared(dims, float, float).parts).toEqual([]);
  });

  it("says nothing of parts where it says nothing at all", () => {
    expect(
      compared(
        [1, 2],
        [
          [640, 0.5],
          [640, 0.5],
        ],
        [
          [640, 0],
          [640, 0],
        ],
      ),
    ).toMatchObject({ parts: [], sqnr: null });
  });
});
