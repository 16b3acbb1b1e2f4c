import { expect, it } from "vitest";
import type { Session } from "../model/runtime.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { fittingFeeds, HalfInputLosses } from "./halfInputs.ts";

const port = (name: string, type: Port["type"]): Port => ({ name, type, dims: [2] });
const float = (...values: number[]): Tensor => ({ type: "float32", dims: [2], data: Float32Array.from(values) });
const half = (...bits: number[]): Tensor => ({ type: "float16", dims: [2], data: Uint16Array.from(bits) });

function sessionOf(inputs: readonly Port[], outputs: readonly Port[]) {
  const fed: TensorMap[] = [];
  const session: Session = {
    inputs,
    outputs,
    lastRunTime: 3,
    run: async (feeds) => {
      fed.push(feeds);
      return new Map();
    },
    dispose: async () => undefined,
  };
  return { session, fed };
}

it("float32 becomes float16 half to even, float16 of a state float32, and all else stays as it is", async () => {
  const { session, fed } = sessionOf(
    [port("x", "float16"), port("state", "float32"), port("ids", "int64")],
    [port("out", "float16")],
  );
  const ids: Tensor = { type: "int64", dims: [2], data: BigInt64Array.of(1n, 2n) };
  const fitting = fittingFeeds(session);
  const feeds = new Map([
    ["x", float(1 + 2 ** -11, 1 + 3 * 2 ** -11)],
    ["state", half(0x3c00, 0xc000)],
    ["ids", ids],
  ]);
  await fitting.run(feeds);
  await fitting.run(feeds);
  expect(fed[0]).toEqual(
    new Map([
      ["x", half(0x3c00, 0x3c02)],
      ["state", float(1, -2)],
      ["ids", ids],
    ]),
  );
  expect(fed[1]).toBe(fed[0]);
  expect(fitting.lastRunTime).toBe(3);
});

it("a session without float16 is the same one", () => {
  const { session } = sessionOf([port("x", "float32")], [port("out", "float32")]);
  expect(fittingFeeds(session)).toBe(session);
});

it("what rounds beyond the largest float16 is counted by input, and what is infinite already is not", () => {
  const overflow = new HalfInputLosses({ inputs: [port("x", "float16"), port("y", "float32")] });
  overflow.add(
    new Map([
      ["x", float(65519, -65520)],
      ["y", float(1e9, 1e9)],
    ]),
  );
  overflow.add(new Map([["x", float(Number.POSITIVE_INFINITY, 65504)]]));
  expect(overflow.notices().map(({ subject, message }) => [subject, message.split(";")[0]])).toEqual([
    [
      "x",
      "The input x is float16 in the file, and 1 value in 1 of 2 samples, as far as 65520 from 0, is infinite there, beyond 65504",
    ],
  ]);
});

it("what rounds to 0 is counted by input, as a warning where nothing else is in a sample, and what is 0 already is not", () => {
  const losses = (...samples: Tensor[]) => {
    const found = new HalfInputLosses({ inputs: [port("x", "float16"), port("y", "float32")] });
    for (const x of samples) {
      found.add(
        new Map([
          ["x", x],
          ["y", float(1e-9, 1e-9)],
        ]),
      );
    }
    return found.notices().map(({ kind, message }) => `${kind}: ${message.split(";")[0]}`);
  };
  const [least, beyond] = [2 ** -25, 2 ** -25 * (1 + 2 ** -20)];
  expect(losses(float(0, beyond), float(0, 0))).toEqual([]);
  expect(losses(float(1, -least), float(0, 1))).toEqual([
    `info: The input x is float16 in the file, and 1 value in 1 of 2 samples, as far as ${least} from 0, is 0 there, nearest to which is ${2 ** -24}`,
  ]);
  expect(losses(float(1, 1), float(0, -least))[0]).toContain("warning: ");
  expect(losses(float(65520, least))).toHaveLength(2);
});
