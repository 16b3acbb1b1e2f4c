import { describe, expect, it } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import type { DataFile, ModelInputs, StateInput } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { likelyNext } from "../model/stateNames.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { type OpenDataset, openDataset } from "./dataset.ts";
import { placeOf, sequenceLayout } from "./sequences.ts";
import type { StateRunner } from "./states.ts";
import { memoryFile, npyBytes, npzBytes } from "./testing/files.ts";

const port = (name: string, dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name, type, dims });
const X = port("x", ["batch", 2]);
const STATE: StateInput = { port: port("h", ["batch", 1]), output: port("hn", ["batch", 1]), start: null };
const inputs = (open: readonly Port[], states: readonly StateInput[] = [STATE]): ModelInputs => ({
  open,
  held: [],
  states,
});

const floats = (dims: readonly number[]) =>
  npyBytes(
    "<f4",
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
const tensor = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});

/** A model whose next state is the last one and the sum of `x`, and the runs that it was asked for. */
function adder(next: (feeds: TensorMap) => Tensor = added) {
  const log: string[] = [];
  const runner: StateRunner = {
    async run(feeds, fetches, source) {
      log.push(source);
      return new Map(fetches.map((name) => [name, next(feeds)]));
    },
    release: async () => void log.push("release"),
  };
  return { log, runner };
}

function added(feeds: TensorMap): Tensor {
  const sum = (name: string) => [...feeds.get(name)!.data].reduce<number>((all, value) => all + Number(value), 0);
  return tensor([1, 1], [sum("h") + sum("x")]);
}

const open = (files: readonly DataFile[], given = inputs([X]), runner = adder().runner) =>
  openDataset(files, { inputs: given, preprocess: null, decoders, runner });
const stateOf = async (dataset: OpenDataset, index: number, name = "h") => [
  ...(await dataset.get(index)).feeds.get(name)!.data,
];
const messages = ({ notices }: OpenDataset) => notices.map(({ message }) => message);

describe("dims of sequences", () => {
  it.each([
    [[5, 2], ["batch", 2], 1, 5, [1, 2]],
    [[4, 5, 2], ["batch", 2], 4, 5, [1, 2]],
    [[5, 1, 2], ["batch", 2], 1, 5, [1, 2]],
    [[1, 5, 2], [null, null], 1, 5, [1, 2]],
    [[4, 5, 1, 2], [1, 2], 4, 5, [1, 2]],
    [[5, 3, 2], [3, 2], 1, 5, [3, 2]],
    [[4, 5, 3, 2], [3, 2], 4, 5, [3, 2]],
    [[5], [], 1, 5, []],
    [[4, 5], [], 4, 5, []],
    [[5], ["batch"], 1, 5, [1]],
    [[4, 5], [1], 4, 5, [1]],
    [[5, 3, 4, 4], [1, 3, null, null], 1, 5, [1, 3, 4, 4]],
    [[2, 5, 3, 4, 4], [1, 3, null, null], 2, 5, [1, 3, 4, 4]],
  ] as const)("%j for %j", (dims, wanted, sequences, steps, step) => {
    expect(sequenceLayout(dims, port("x", wanted), "x.npy")).toEqual({ sequences, steps, dims: step });
  });

  it.each([
    [[7], 1, 7, [1, 1]],
    [[4, 7], 4, 7, [1, 1]],
    [[4, 7, 2], 4, 7, [1, 2]],
  ] as const)("of tokens, %j", (dims, sequences, steps, step) => {
    expect(sequenceLayout(dims, port("ids", ["batch", "tokens"], "int64"), "x")).toEqual({
      sequences,
      steps,
      dims: step,
    });
  });

  it.each([
    [
      [3, 2],
      [3, 2],
    ],
    [
      [5, 3],
      ["batch", 2],
    ],
    [
      [4, 5, 6, 7],
      ["batch", 2],
    ],
    [[], ["batch", 2]],
  ] as const)("%j hold none for %j", (dims, wanted) => {
    expect(sequenceLayout(dims, port("x", wanted), "x.npy")).toBeNull();
  });

  it("that may be either are asked about", () => {
    expect(() => sequenceLayout([4, 5], port("x", ["n"]), "x.npy")).toThrow(
      "x.npy (4 × 5) may hold 4 sequences of single values, or 4 steps of 5; say what a step of x is with its shape, 1 or 5.",
    );
  });
});

it("a step lies in the sequence whose steps it is among", () => {
  const lengths = [2, 1, 3];
  const places = [0, 1, 2, 3, 4, 5].map((at) => placeOf(lengths, at).join(" "));
  expect(places).toEqual(["0 0", "0 1", "1 0", "2 0", "2 1", "2 2"]);
});

describe("the order of a seed", () => {
  const shuffled = async (name: string, seed: number | null) => {
    const bytes = npzBytes({ x: floats([6, 3, 2]), y: floats([6, 1]) });
    return openDataset([memoryFile(name, bytes)], {
      ...{ inputs: inputs([X, port("y", ["batch", 1])]), preprocess: null, decoders, seed },
      runner: adder().runner,
    });
  };

  it("is one of whole sequences, with all that each input has of them, and their states", async () => {
    const dataset = await shuffled("x.npz", 4);
    const firsts: number[] = [];
    for (let index = 0; index < 18; index++) {
      const { feeds } = await dataset.get(index);
      const [first] = feeds.get("x")!.data as Float32Array;
      const start = dataset.sequences!.startOf(index);
      expect(start).toBe(index - (index % 3));
      if (index === start) firsts.push(first! / 6);
      expect(first! - firsts.at(-1)! * 6).toBe(2 * (index - start));
      expect([...feeds.get("y")!.data]).toEqual([firsts.at(-1)!]);
      if (index === start) expect([...feeds.get("h")!.data]).toEqual([0]);
    }
    expect(firsts).not.toEqual([0, 1, 2, 3, 4, 5]);
    expect(firsts.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(dataset.withSeed(4)).toBe(dataset);
    expect(dataset.withSeed(null).sourceOf(0)).toBe("x.npz[0][0]");
  });

  it("leaves prints as they are, which tell the same step of two sequences apart", async () => {
    const printsOf = async (dataset: OpenDataset) =>
      Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.print(index)));
    const [byPath, other] = [await printsOf(await shuffled("x.npz", null)), await printsOf(await shuffled("z.npz", 4))];
    expect(new Set(byPath).size).toBe(18);
    expect(other.toSorted()).toEqual(byPath.toSorted());
    expect(other).not.toEqual(byPath);
    const tokens = npyBytes("<i8", [2, 3], BigInt64Array.of(1n, 5n, 5n, 1n, 5n, 6n));
    const given = inputs([port("ids", ["batch", "tokens"], "int64")]);
    const prints = await printsOf(
      await open([memoryFile("ids.npy", tokens)], given, adder(() => tensor([1, 1], [0])).runner),
    );
    expect(new Set(prints).size).toBe(6);
  });
});

describe("a state", () => {
  it("is carried from step to step, and begins anew in each sequence", async () => {
    const dataset = await open([memoryFile("x.npy", floats([2, 3, 2]))]);
    expect(dataset.length).toBe(6);
    expect(dataset.sourceOf(4)).toBe("x.npy[1][1]");
    const states = [];
    for (let i = 0; i < 6; i++) states.push(await stateOf(dataset, i));
    expect(states).toEqual([[0], [1], [6], [0], [13], [30]]);
    expect(messages(dataset)).toEqual([
      "The data is read as 2 sequences of 3 steps, and each begins with zeros for h; every step is a sample.",
    ]);
    expect(dataset.sequences!.states).toEqual(new Map([["h", "hn"]]));
    expect([0, 2, 3, 5].map((i) => dataset.sequences!.startOf(i))).toEqual([0, 0, 3, 3]);
  });

  it("is worked out from the beginning where a step is asked for alone, and once where all are asked for at once", async () => {
    const { log, runner } = adder();
    const dataset = await open([memoryFile("x.npy", floats([4, 2]))], inputs([X]), runner);
    expect(log).toEqual(["x.npy[0]", "release"]);
    expect(await stateOf(dataset, 3)).toEqual([15]);
    await Promise.all([3, 1, 2, 0].map((index) => stateOf(dataset, index)));
    expect(log.slice(2)).toEqual(["x.npy[1]", "x.npy[2]"]);
  });

  it("goes along files, lines and arrays of several inputs, each a sequence of its own length", async () => {
    const lines = '{"x": [[1, 1], [2, 2]]}\n{"x": [[3, 3], [4, 4], [5, 5]]}';
    const jsonl = await open([memoryFile("x.jsonl", lines)]);
    const files = await open([memoryFile("a/0.npy", floats([2, 2])), memoryFile("a/1.npy", floats([3, 2]))]);
    for (const dataset of [jsonl, files]) {
      expect(dataset.length).toBe(5);
      expect(messages(dataset)[0]).toContain("2 sequences of 2 to 3 steps");
      expect([await stateOf(dataset, 2), await stateOf(dataset, 4)]).toEqual([[0], [dataset === jsonl ? 14 : 6]]);
    }
    const two = inputs([X, port("y", ["batch", 1, 2])]);
    const npz = await open([memoryFile("x.npz", npzBytes({ x: floats([2, 2, 2]), y: floats([2, 2, 1, 2]) }))], two);
    expect((await npz.get(3)).feeds.get("y")).toEqual(tensor([1, 1, 2], [6, 7]));
    expect(await stateOf(npz, 3)).toEqual([9]);
  });

  it("of tokens grows from a past of length 0, and what is filled goes by it", async () => {
    const past = port("past_key_values.0.key", ["batch", 1, "past", 2]);
    const grown: StateInput = { port: past, output: port("present.0.key", ["batch", 1, "total", 2]), start: null };
    const open4 = [
      port("input_ids", ["batch", "tokens"], "int64"),
      port("attention_mask", ["batch", "total"], "int64"),
      port("position_ids", ["batch", "tokens"], "int64"),
      port("use_cache_branch", [1], "bool"),
    ];
    const { runner } = adder((feeds) => {
      const length = feeds.get(past.name)!.dims[2]! + feeds.get("input_ids")!.dims[1]!;
      return tensor(
        [1, 1, length, 2],
        Array.from({ length: 2 * length }, (_, i) => i),
      );
    });
    const ids = npyBytes("<i8", [2, 3], BigInt64Array.of(5n, 6n, 7n, 8n, 9n, 1n));
    const dataset = await open([memoryFile("ids.npy", ids)], inputs(open4, [grown]), runner);
    const { feeds } = await dataset.get(5);
    expect(Object.fromEntries([...feeds].map(([name, { dims }]) => [name, dims]))).toEqual({
      input_ids: [1, 1],
      attention_mask: [1, 3],
      position_ids: [1, 1],
      use_cache_branch: [1],
      [past.name]: [1, 1, 2, 2],
    });
    expect(feeds.get("position_ids")!.data).toEqual(BigInt64Array.of(2n));
    const begun = (await dataset.get(3)).feeds;
    expect(begun.get(past.name)!.dims).toEqual([1, 1, 0, 2]);
    expect([feeds, begun].map((each) => each.get("use_cache_branch")!.data[0])).toEqual([1, 0]);
    expect(messages(dataset)[0]).toContain("begins with a past of length 0 for past_key_values.0.key");
  });

  it("goes along an input that has one sample a sequence, in arrays, lines and files of its own", async () => {
    const two = inputs([port("encoded", ["batch", "frames", 1]), X]);
    const npz = memoryFile("a.npz", npzBytes({ encoded: floats([2, 3, 1]), x: floats([2, 2, 2]) }));
    const lines = memoryFile(
      "a.jsonl",
      '{"encoded": [[0], [1], [2]], "x": [[0, 1], [2, 3]]}\n{"encoded": [[3], [4], [5]], "x": [[4, 5], [6, 7]]}',
    );
    const files = [0, 3].map((from, i) =>
      memoryFile(`encoded/${i}.npy`, npyBytes("<f4", [1, 3, 1], Float32Array.of(from, from + 1, from + 2))),
    );
    for (const given of [[npz], [lines], [...files, memoryFile("x.npy", floats([2, 2, 2]))]]) {
      const dataset = await open(given, two);
      expect(dataset.length).toBe(4);
      expect(dataset.sourceOf(3)).toMatch(/^(a\.npz|a\.jsonl|x\.npy)\[1\]\[1\]$/);
      const encoded = async (index: number) => (await dataset.get(index)).feeds.get("encoded");
      for (const index of [0, 1]) expect(await encoded(index)).toEqual(tensor([1, 3, 1], [0, 1, 2]));
      for (const index of [2, 3]) expect(await encoded(index)).toEqual(tensor([1, 3, 1], [3, 4, 5]));
      expect(messages(dataset)).toContain(
        "The data holds one sample of encoded a sequence, which each of its steps is given.",
      );
    }
  });

  it("begins with the shape given", async () => {
    const cache: StateInput = { port: port("cache", [1, "n"]), output: port("next", [1, "m"]), start: [1, 0] };
    const { runner } = adder((feeds) =>
      tensor([1, feeds.get("cache")!.dims[1]! + 1], [...feeds.get("cache")!.data, 1] as number[]),
    );
    const dataset = await open([memoryFile("x.npy", floats([3, 2]))], inputs([X], [cache]), runner);
    expect((await dataset.get(2)).feeds.get("cache")!.dims).toEqual([1, 2]);
    const fixed = { ...cache, start: null };
    await expect(open([memoryFile("x.npy", floats([3, 2]))], inputs([X], [fixed]), runner)).rejects.toThrow(
      "The output next (float32 1 × 2) cannot be the state cache (float32 1 × 1) of the next step: a state keeps its shape",
    );
  });

  it("that no step after can be read is not carried on, and other sequences are", async () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => (i === 2 ? Number.NaN : i));
    const dataset = await open([memoryFile("x.npy", npyBytes("<f4", [2, 3, 2], values))]);
    await expect(dataset.get(1)).rejects.toThrow("holds 1 NaN");
    const late = dataset.get(2);
    await expect(late).rejects.toThrow(InputError);
    await expect(late).rejects.toThrow(/^x\.npy\[0\]\[2\] follows a step that cannot be run: x\.npy\[1\] holds 1 NaN/);
    expect(await stateOf(dataset, 4)).toEqual([13]);
  });

  it.each([
    [
      [memoryFile("x.npy", floats([5, 1, 1, 2]))],
      inputs([X]),
      "No sequence of the data has a second step (it holds 5 sequences of 1 step)",
    ],
    [
      [memoryFile("a/0.npy", floats([1, 2])), memoryFile("a/1.npy", floats([1, 2]))],
      inputs([X]),
      "No sequence of the data has a second step",
    ],
    [[memoryFile("x.npy", floats([0, 2]))], inputs([X]), "x.npy (0 × 2) holds no steps."],
    [
      [memoryFile("x.npy", floats([5, 3]))],
      inputs([X]),
      'x.npy holds float32 of shape 5 × 3, which is no sequence of steps for input "x"',
    ],
    [
      [memoryFile("x.npz", npzBytes({ x: floats([2, 4, 2]), y: floats([4, 2, 1]) }))],
      inputs([X, port("y", ["batch", 1])]),
      "The data holds 2 sequences of 4 steps of x and 4 sequences of 2 steps of y; give it the same of each.",
    ],
    [
      [memoryFile("x.npy", floats([3, 2]))],
      inputs([X], [{ ...STATE, port: port("h", ["layers", "rows", 4]) }]),
      "Nothing says how large the state h (layers × rows × 4) begins; give its shape",
    ],
  ] as const)("is refused: %#", async (files, given, message) => {
    await expect(open(files, given)).rejects.toThrow(message);
  });

  it("that an input lacks is named", async () => {
    const given = { open: [X, STATE.port], held: [], outputs: [port("y", [1]), STATE.output] };
    await expect(open([memoryFile("x.npy", floats([3, 2]))], given)).rejects.toThrow(
      /hold it at a value \(NAME=VALUE\), or feed it from an output of the step before: --state hn=h\.$/,
    );
  });
});

it.each([
  ["state", "stateN"],
  ["h0", "hn"],
  ["r1i", "r1o"],
  ["cache_in", "cache_out"],
  ["past_key_values.3.key", "present.3.key"],
  ["past", "present"],
  ["hidden", "next_hidden"],
])("the output that is called like the next %s is %s", (state, next) => {
  const outputs = [port("other", [1, 4]), port(next, [1, null])];
  expect(likelyNext(port(state, [null, 4]), outputs)).toBe(next);
  expect(likelyNext(port(state, [null, 4]), [port(next, [1, 5]), port("x", [1, 4])])).toBeNull();
  expect(likelyNext(port(state, [null, 4], "int64"), outputs)).toBeNull();
});
