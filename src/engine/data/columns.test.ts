import { describe, expect, it } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import { type DataFile, InputsMissing, type ModelInputs } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Port } from "../model/tensor.ts";
import { type OpenDataset, openDataset } from "./dataset.ts";
import { memoryFile, npyBytes, npzBytes } from "./testing/files.ts";
import { listOf } from "./testing/labels.ts";
import { sourcesOf } from "./testing/sources.ts";

const port = (name: string, dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name, type, dims });
const floats = (count: number, from = 0) => Float32Array.from({ length: count }, (_, i) => from + i);
const array = (dims: readonly number[], from = 0) =>
  npyBytes(
    "<f4",
    dims,
    floats(
      dims.reduce((a, b) => a * b, 1),
      from,
    ),
  );
const longs = (dims: readonly number[], from = 0) =>
  npyBytes(
    "<i8",
    dims,
    BigInt64Array.from(
      floats(
        dims.reduce((a, b) => a * b, 1),
        from,
      ),
      BigInt,
    ),
  );

const A = port("a", [1, 3]);
const B = port("b", ["N", 2, 2]);
const TWO: ModelInputs = { open: [A, B], held: [] };
const IDS = port("input_ids", ["batch", "seq"], "int64");
const TEXT: ModelInputs = {
  open: [IDS, port("attention_mask", ["batch", "seq"], "int64"), port("token_type_ids", ["batch", "seq"], "int64")],
  held: [],
};

const open = (files: readonly DataFile[], inputs: ModelInputs) =>
  openDataset(files, { inputs, preprocess: null, decoders });
const named = (input: string, file: DataFile): DataFile => ({ ...file, input });

async function feeds(dataset: OpenDataset, index: number) {
  const { feeds: map } = await dataset.get(index);
  return Object.fromEntries([...map].map(([name, { dims, data }]) => [name, [dims, [...data].map(Number)]]));
}

const messages = ({ notices }: OpenDataset) => notices.map(({ message }) => message);

describe("a .npz file", () => {
  it.each([0, 6] as const)("gives each input the array of its name, at level %d", async (level) => {
    const bytes = npzBytes({ b: array([5, 2, 2], 100), a: array([5, 3]) }, level);
    const dataset = await open([memoryFile("in/calib.npz", bytes)], TWO);
    expect(dataset).toMatchObject({ length: 5, kind: "npz", files: 1, input: A, notices: [] });
    expect(dataset.sourceOf(4)).toBe("in/calib.npz[4]");
    expect(await feeds(dataset, 1)).toEqual({
      a: [
        [1, 3],
        [3, 4, 5],
      ],
      b: [
        [1, 2, 2],
        [104, 105, 106, 107],
      ],
    });
  });

  it("is one of several in the order of their paths, of one sample or more", async () => {
    const file = (path: string, count: number, from: number) =>
      memoryFile(path, npzBytes({ a: array([count, 3], from), b: array([count, 2, 2], from) }));
    const dataset = await open([file("z.npz", 1, 50), file("m.npz", 2, 0)], TWO);
    expect(sourcesOf(dataset)).toEqual(["m.npz[0]", "m.npz[1]", "z.npz"]);
    expect((await feeds(dataset, 2)).b).toEqual([
      [1, 2, 2],
      [50, 51, 52, 53],
    ]);
  });

  it("cuts all its arrays into as many samples, where one of them alone would be one sample", async () => {
    const inputs: ModelInputs = { open: [port("user", ["N"], "int64"), port("item", ["N", 4])], held: [] };
    const dataset = await open([memoryFile("x.npz", npzBytes({ user: longs([6]), item: array([6, 4]) }))], inputs);
    expect(await feeds(dataset, 5)).toEqual({
      user: [[1], [5]],
      item: [
        [1, 4],
        [20, 21, 22, 23],
      ],
    });
  });

  it("says which of its arrays are not used, and why", async () => {
    const bytes = npzBytes({ a: array([2, 3]), b: array([2, 2, 2]), y: longs([2]) });
    const dataset = await open([memoryFile("c.npz", bytes)], { open: [A], held: [{ port: B, value: 1 }] });
    expect(messages(dataset)).toEqual([
      "c.npz/b is not used: the input b is held at a value.",
      "c.npz/y is not used: the model has no input of that name.",
    ]);
    expect((await feeds(dataset, 0)).b).toEqual([
      [1, 2, 2],
      [1, 1, 1, 1],
    ]);
  });

  it("of one array feeds the one input there is", async () => {
    const dataset = await open([memoryFile("c.npz", npzBytes({ arr_0: array([4, 3]) }))], { open: [A], held: [] });
    expect(dataset.length).toBe(4);
  });

  it.each([
    [{ a: array([5, 3]), b: array([4, 2, 2]) }, /^c\.npz holds 5 of a and 4 of b; give it as many/],
    [
      Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`n${i}`, array([5, 3])])),
      /^c\.npz holds n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 40 more, and none is an input/,
    ],
    [{ x: array([5, 3]), y: array([4, 2, 2]) }, /^c\.npz holds x, y, and none is an input that takes data \(a, b\)/],
    [{ a: array([5, 3]) }, /does not say what the input b gets; give it by name \(NAME=PATH, or a \.npz or \.jsonl/],
    [
      { a: array([5, 4]), b: array([5, 2, 2]) },
      /^c\.npz\/a\.npy holds float32 of shape 5 × 4, which does not fit input "a"/,
    ],
    [{}, /^c\.npz holds no array/],
  ])("is refused in one sentence: %#", async (arrays: Record<string, Uint8Array>, message) => {
    const refused = open([memoryFile("c.npz", npzBytes(arrays))], TWO);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(InputError);
  });

  it("is refused where another lacks an array that it has, or where it is none", async () => {
    const whole = npzBytes({ a: array([1, 3]), b: array([1, 2, 2]) });
    const half = npzBytes({ a: array([1, 3]) });
    const files = [memoryFile("1.npz", whole), memoryFile("2.npz", half)];
    await expect(open(files, TWO)).rejects.toThrow("2.npz has nothing named b, as other files have; add it.");
    await expect(open([memoryFile("1.npz", "text")], TWO)).rejects.toThrow("1.npz is no .npz file");
  });
});

describe("a source an input", () => {
  it("feeds the inputs that a person names, from files or folders, index by index", async () => {
    const files = [
      named("b", memoryFile("b/1.npy", array([1, 2, 2], 10))),
      named("b", memoryFile("b/0.npy", array([1, 2, 2]))),
      named("a", memoryFile("anything.npy", array([2, 3]))),
    ];
    const dataset = await open(files, TWO);
    expect(sourcesOf(dataset)).toEqual(["anything.npy[0]", "anything.npy[1]"]);
    expect(await feeds(dataset, 1)).toEqual({
      a: [
        [1, 3],
        [3, 4, 5],
      ],
      b: [
        [1, 2, 2],
        [10, 11, 12, 13],
      ],
    });
    expect(dataset.files).toBe(3);
  });

  it("takes arrays that are named like the inputs, or lie in folders that are", async () => {
    const files = [memoryFile("set/a.npy", array([2, 3])), memoryFile("set/b/0.npy", array([2, 2, 2]))];
    expect((await open(files, TWO)).length).toBe(2);
  });

  it("leaves what names no input to the one that is left", async () => {
    const files = [named("b", memoryFile("1.npy", array([2, 2, 2]))), memoryFile("2.npy", array([2, 3]))];
    expect((await open(files, TWO)).length).toBe(2);
  });

  it("warns where files of folders that go together are named apart", async () => {
    const folder = (input: string, names: readonly string[], dims: readonly number[]) =>
      names.map((name) => named(input, memoryFile(`${input}/${name}.npy`, array(dims))));
    const pair = (names: readonly string[]) =>
      open([...folder("a", ["0", "1"], [1, 3]), ...folder("b", names, [1, 2, 2])], TWO);
    expect(messages(await pair(["0", "1"]))).toEqual([]);
    expect(messages(await pair(["1", "2"]))).toEqual([expect.stringMatching(/a\/0\.npy goes with b\/1\.npy/)]);
  });

  it.each([
    [[named("c", memoryFile("c.npy", array([2, 3])))], TWO, /no input named c; its inputs are a, b/],
    [[memoryFile("x.npy", array([2, 3]))], TWO, /does not say what each of the inputs a, b gets/],
    [[named("a", memoryFile("x.npy", array([2, 3])))], TWO, /does not say what the input b gets/],
    [
      [named("a", memoryFile("a.npy", array([2, 3]))), named("b", memoryFile("b.npy", array([3, 2, 2])))],
      TWO,
      /The data holds 2 of a and 3 of b; give it as many/,
    ],
    [
      [named("b", memoryFile("b.npy", array([2, 2, 2]))), memoryFile("a.npy", array([2, 3]))],
      { open: [A], held: [{ port: B, value: 0 }] },
      /The input b is held at a value and given b\.npy as well/,
    ],
    [
      [memoryFile("c.npz", npzBytes({ a: array([2, 3]), b: array([2, 2, 2]) })), memoryFile("x.npy", array([2, 3]))],
      TWO,
      /^x\.npy names no input, and every input has its data without it; leave it out/,
    ],
    [
      [memoryFile("x.npy", array([2, 3]))],
      { open: [], held: [{ port: A, value: 0 }] },
      /Every input .* no data can reach/,
    ],
  ] as const)("is refused in one sentence: %#", async (files, inputs, message) => {
    await expect(open(files, inputs)).rejects.toThrow(message);
  });
});

describe("where each input gets its values", () => {
  const given = (name: string, path: string, kind: string, array: string | null = null, files = 1) => {
    return { name, from: "data", kind, path, files, array };
  };

  it("is told, what is filled and held too", async () => {
    const [ids, mask, types] = TEXT.open as [Port, Port, Port];
    const npz = memoryFile("c.npz", npzBytes({ input_ids: longs([2, 4]) }));
    const dataset = await open([npz], { open: [ids, mask], held: [{ port: types, value: 1 }] });
    expect(dataset.inputs).toEqual([
      given("input_ids", "c.npz", "npz", "input_ids"),
      { name: "attention_mask", from: "filled", filling: "ones" },
      { name: "token_type_ids", from: "held", value: 1 },
    ]);
    const files = [memoryFile("b/1.npy", array([1, 2, 2])), memoryFile("b/0.npy", array([1, 2, 2]))];
    expect((await open([...files, memoryFile("a.npy", array([2, 3]))], TWO)).inputs).toEqual([
      given("a", "a.npy", "npy"),
      given("b", "b/0.npy", "npy", null, 2),
    ]);
  });

  it("is what a person says, above what a file holds under that name, which is said", async () => {
    const npz = memoryFile("c.npz", npzBytes({ a: array([2, 3]), b: array([2, 2, 2]) }));
    const other = named("b", memoryFile("other.npy", array([2, 2, 2], 50)));
    for (const files of [
      [npz, other],
      [memoryFile("a.npy", array([2, 3])), memoryFile("b.npy", array([2, 2, 2])), other],
    ]) {
      const dataset = await open(files, TWO);
      expect(dataset.inputs[1]).toEqual(given("b", "other.npy", "npy"));
      expect((await feeds(dataset, 0)).b).toEqual([
        [1, 2, 2],
        [50, 51, 52, 53],
      ]);
      expect(messages(dataset)).toEqual([
        expect.stringMatching(/^(c\.npz\/b|b\.npy) is not used: the input b is given other\.npy\.$/),
      ]);
    }
  });

  it("is told of the others where one gets nothing, as if the rest were given", async () => {
    const lacking = async (files: readonly DataFile[], inputs: ModelInputs) => {
      const error = await open(files, inputs).catch((problem: unknown) => problem);
      if (!(error instanceof InputsMissing)) throw error;
      return error.sources;
    };
    const nothing = (name: string) => ({ name, from: "nothing" });
    const a = memoryFile("a.npy", array([2, 3]));
    expect(await lacking([a], TWO)).toEqual([given("a", "a.npy", "npy"), nothing("b")]);
    expect(await lacking([memoryFile("x.npy", array([2, 3]))], TWO)).toEqual([nothing("a"), nothing("b")]);
    const seen = port("pixel_values", [1, 3, 2, 2]);
    const both: ModelInputs = { open: [seen, ...TEXT.open.slice(0, 2)], held: [] };
    const picture = named("pixel_values", memoryFile("p.npy", array([2, 3, 2, 2])));
    expect(await lacking([picture], both)).toEqual([
      given("pixel_values", "p.npy", "npy"),
      nothing("input_ids"),
      { name: "attention_mask", from: "filled", filling: "ones" },
    ]);
  });

  it("comes after what is given and does not fit", async () => {
    await expect(open([memoryFile("a.npy", array([2, 4]))], TWO)).rejects.toThrow(/^a\.npy holds .* does not fit/);
  });
});

describe("samples of their own sizes", () => {
  it("come from arrays of different lengths, each with its own", async () => {
    const files = [
      memoryFile("0.npy", longs([2, 4])),
      memoryFile("1.npy", longs([3])),
      memoryFile("2.npy", longs([1, 5])),
    ];
    const dataset = await open(files, TEXT);
    const dims = await Promise.all([0, 1, 2, 3].map(async (i) => (await feeds(dataset, i)).attention_mask![0]));
    expect(dims).toEqual([
      [1, 4],
      [1, 4],
      [1, 3],
      [1, 5],
    ]);
  });

  it("may have dimensions of 0, but there are none where the first is 0", async () => {
    const inputs: ModelInputs = { open: [A, port("past", [1, "P", 4])], held: [] };
    const empty = await open([memoryFile("x.npz", npzBytes({ a: array([2, 3]), past: array([2, 0, 4]) }))], inputs);
    expect(await feeds(empty, 1)).toEqual({
      a: [
        [1, 3],
        [3, 4, 5],
      ],
      past: [[1, 0, 4], []],
    });
    await expect(open([memoryFile("a.npy", array([0, 3]))], { open: [A], held: [] })).rejects.toThrow(
      "a.npy (0 × 3) holds no samples.",
    );
  });
});

describe("a model whose batch is fixed", () => {
  const BATCH: ModelInputs = { open: [port("a", [3, 2]), port("b", [3, "n"])], held: [] };

  it("takes samples that many at a time, and says so, and which are left", async () => {
    const bytes = npzBytes({ a: array([7, 2]), b: array([7, 1], 100) });
    const dataset = await open([memoryFile("x.npz", bytes)], BATCH);
    expect(dataset.length).toBe(2);
    expect(sourcesOf(dataset)).toEqual(["x.npz[0] to x.npz[2]", "x.npz[3] to x.npz[5]"]);
    expect(await feeds(dataset, 1)).toEqual({
      a: [
        [3, 2],
        [6, 7, 8, 9, 10, 11],
      ],
      b: [
        [3, 1],
        [103, 104, 105],
      ],
    });
    expect(messages(dataset)).toEqual([
      "The input a takes 3 samples at a time, so 7 samples make 2; the last 1 of them is left out.",
      "The input b takes 3 samples at a time, so 7 samples make 2; the last 1 of them is left out.",
    ]);
  });

  it("takes batches that are whole as they are", async () => {
    const whole = npzBytes({ a: array([2, 3, 2]), b: array([2, 3, 4]) });
    const dataset = await open([memoryFile("x.npz", whole)], BATCH);
    expect([dataset.length, messages(dataset)]).toEqual([2, []]);
    expect((await feeds(dataset, 1)).a).toEqual([
      [3, 2],
      [6, 7, 8, 9, 10, 11],
    ]);
  });

  it("takes files and pictures together too, with a label for each", async () => {
    const inputs: ModelInputs = { open: [port("x", [2, 3, 2, 2])], held: [] };
    const pixels = npyBytes(
      "|u1",
      [5, 2, 2, 3],
      Uint8Array.from({ length: 60 }, (_, i) => i),
    );
    const labels = memoryFile("labels.csv", "x.npy[1],1\nx.npy[4],0");
    const dataset = await openDataset([memoryFile("x.npy", pixels), labels], { inputs, preprocess: "raw", decoders });
    expect(listOf(dataset.labels)).toEqual([
      [null, 1],
      [null, null],
    ]);
    expect(dataset.length).toBe(2);
    expect(await dataset.variants(1, [dataset.preprocess!])).toEqual([await dataset.get(1)]);
    const [dims, data] = (await feeds(dataset, 1)).x as [number[], number[]];
    expect([dims, data.slice(0, 4), data.slice(12, 16)]).toEqual([
      [2, 3, 2, 2],
      [24, 27, 30, 33],
      [36, 39, 42, 45],
    ]);
  });

  it("takes lines together too", async () => {
    const lines = [0, 1, 2, 3].map((i) => `{"a": [${i}, ${i}]}`).join("\n");
    const dataset = await open([memoryFile("x.jsonl", lines)], { open: [port("a", [2, 2])], held: [] });
    expect(dataset.length).toBe(2);
    expect((await feeds(dataset, 1)).a).toEqual([
      [2, 2],
      [2, 2, 3, 3],
    ]);
    const whole = await open([memoryFile("x.jsonl", '{"a": [[1, 2], [3, 4]]}')], {
      open: [port("a", [2, 2])],
      held: [],
    });
    expect((await feeds(whole, 0)).a).toEqual([
      [2, 2],
      [1, 2, 3, 4],
    ]);
  });

  it.each([
    [[memoryFile("a.npy", array([2, 2]))], [3, 2], /takes 3 samples at a time, and there are 2; add some/],
    [
      [memoryFile("a.npy", array([6, 5]))],
      [3, 2],
      /^a\.npy holds float32 of shape 6 × 5, which does not fit input "a" \(3 × 2\)/,
    ],
  ] as const)("refuses what makes none: %#", async (files, dims, message) => {
    await expect(open(files, { open: [port("a", dims)], held: [] })).rejects.toThrow(message);
  });

  it("joins no samples of different shapes", async () => {
    const inputs: ModelInputs = { open: [port("a", [2, "n"])], held: [] };
    const files = [memoryFile("0.npy", array([1, 4])), memoryFile("1.npy", array([1, 5]))];
    await expect((await open(files, inputs)).get(0)).rejects.toThrow(
      "0.npy to 1.npy cannot run together: one is 1 × 4, and another 1 × 5; give samples of one shape.",
    );
  });
});

describe("what nobody gives", () => {
  it("is filled by what it means, for each sample, and said", async () => {
    const dataset = await open([memoryFile("ids.npy", longs([3, 4]))], TEXT);
    expect(await feeds(dataset, 1)).toEqual({
      input_ids: [
        [1, 4],
        [4, 5, 6, 7],
      ],
      attention_mask: [
        [1, 4],
        [1, 1, 1, 1],
      ],
      token_type_ids: [
        [1, 4],
        [0, 0, 0, 0],
      ],
    });
    expect(messages(dataset)).toEqual([
      "Nothing gives the input attention_mask, so it is filled with ones.",
      "Nothing gives the input token_type_ids, so it is filled with zeros.",
    ]);
  });

  it("makes a decoder begin with an empty cache", async () => {
    const past = (name: string) => port(name, ["batch", 2, "past_sequence_length", 8]);
    const inputs: ModelInputs = {
      open: [
        IDS,
        port("attention_mask", ["batch", "past_sequence_length + seq"], "int64"),
        port("position_ids", ["batch", "seq"], "int32"),
        past("past_key_values.0.key"),
        past("past_key_values.0.value"),
        port("use_cache_branch", [1], "bool"),
      ],
      held: [],
    };
    const ids = memoryFile("ids.npy", longs([2, 3]));
    const first = await feeds(await open([ids], inputs), 0);
    expect(first).toEqual({
      input_ids: [
        [1, 3],
        [0, 1, 2],
      ],
      attention_mask: [
        [1, 3],
        [1, 1, 1],
      ],
      position_ids: [
        [1, 3],
        [0, 1, 2],
      ],
      "past_key_values.0.key": [[1, 2, 0, 8], []],
      "past_key_values.0.value": [[1, 2, 0, 8], []],
      use_cache_branch: [[1], [0]],
    });
    const cache = ["key", "value"].map((part) =>
      named(`past_key_values.0.${part}`, memoryFile(`${part}.npy`, array([2, 2, 5, 8]))),
    );
    const later = await feeds(await open([ids, ...cache], inputs), 0);
    expect(later.attention_mask).toEqual([
      [1, 8],
      [1, 1, 1, 1, 1, 1, 1, 1],
    ]);
    expect(later.position_ids).toEqual([
      [1, 3],
      [5, 6, 7],
    ]);
  });

  it.each([
    ["a mask that may be added", port("attention_mask", ["batch", 1, "seq", "seq"])],
    ["a mask of floats", port("attention_mask", ["batch", "seq"])],
    ["a mask by another name", port("my_mask", ["batch", "seq"], "int64")],
    ["a past of two open sizes", port("past_key_values.0.key", ["batch", "heads", "past", 8])],
    ["a past whose first size is no batch", port("past_key_values.0.key", ["batch_x_heads", "past", 8])],
    ["a past of a fixed size", port("past_key_values.0.key", [1, 2, 4, 8])],
    ["a state", port("state", [2, 1, 8])],
  ])("is asked for where that is not sure: %s", async (_, other) => {
    const refused = open([named("input_ids", memoryFile("ids.npy", longs([3, 4])))], { open: [IDS, other], held: [] });
    await expect(refused).rejects.toThrow(`does not say what the input ${other.name} gets`);
  });

  it("may be said to be empty by its shape", async () => {
    const inputs = { open: [A, port("past", [1, 0, 4])], held: [] };
    const dataset = await open([memoryFile("a.npy", array([2, 3]))], inputs);
    expect((await feeds(dataset, 0)).past).toEqual([[1, 0, 4], []]);
  });

  it("is held in the sizes that the sample's symbols have", async () => {
    const [ids, mask, types] = TEXT.open as [Port, Port, Port];
    const inputs = { open: [ids, types], held: [{ port: mask, value: 1 }] };
    const dataset = await open([memoryFile("ids.npy", longs([3, 4]))], inputs);
    expect((await feeds(dataset, 0)).attention_mask).toEqual([
      [1, 4],
      [1, 1, 1, 1],
    ]);
  });
});
