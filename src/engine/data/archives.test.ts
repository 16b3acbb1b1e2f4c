import { describe, expect, it } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import type { DataFile, ModelInputs } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Port } from "../model/tensor.ts";
import { type OpenDataset, openDataset } from "./dataset.ts";
import { memoryFile, npyBytes, npzBytes, zipBytes } from "./testing/files.ts";
import { listOf } from "./testing/labels.ts";
import pillow from "./testing/pillow.json" with { type: "json" };
import { sourcesOf } from "./testing/sources.ts";

const port = (name: string, dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name, type, dims });
const IDS = port("input_ids", ["batch", "seq"], "int64");
const TEXT: ModelInputs = {
  open: [IDS, port("attention_mask", ["batch", "seq"], "int64"), port("scale", [])],
  held: [],
};
const X: ModelInputs = { open: [port("x", [1, 2])], held: [] };

const open = (files: readonly DataFile[], inputs: ModelInputs) =>
  openDataset(files, { inputs, preprocess: null, decoders });

async function feeds(dataset: OpenDataset, index: number) {
  const { feeds: map } = await dataset.get(index);
  return Object.fromEntries([...map].map(([name, { dims, data }]) => [name, [dims, [...data].map(Number)]]));
}

const array = (...values: number[]) => npyBytes("<f4", [1, 2], Float32Array.from(values));

describe("JSON lines", () => {
  const text = [
    '{"input_ids": [5, 6, 7], "scale": 0.5, "text": "left alone"}',
    "",
    '{"scale": 2, "input_ids": [[8, 9]], "text": "as well"}\r',
    '{"input_ids": [1, 2], "scale": 1}',
  ].join("\n");

  it("are a sample each, of its own length, and what they lack is filled", async () => {
    const dataset = await open([memoryFile("in/a.jsonl", text)], TEXT);
    expect(dataset).toMatchObject({ length: 3, kind: "jsonl", files: 1 });
    expect(dataset.sourceOf(1)).toBe("in/a.jsonl[1]");
    expect(dataset.notices.map(({ message }) => message)).toEqual([
      "in/a.jsonl/text is not used: the model has no input of that name.",
      "Nothing gives the input attention_mask, so it is filled with ones.",
    ]);
    expect(await feeds(dataset, 0)).toEqual({
      input_ids: [
        [1, 3],
        [5, 6, 7],
      ],
      scale: [[], [0.5]],
      attention_mask: [
        [1, 3],
        [1, 1, 1],
      ],
    });
    expect((await feeds(dataset, 1)).input_ids).toEqual([
      [1, 2],
      [8, 9],
    ]);
    expect((await feeds(dataset, 2)).input_ids).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("are read where they lie, also across the pieces of a long file", async () => {
    const long = Array.from({ length: 3000 }, (_, i) => JSON.stringify({ x: [[i, i + 0.5]], note: "n".repeat(800) }));
    const dataset = await open([memoryFile("long.jsonl", long.join("\n"))], X);
    for (const at of [0, 1264, 1265, 1266, 2999])
      expect((await feeds(dataset, at)).x).toEqual([
        [1, 2],
        [at, at + 0.5],
      ]);
  });

  it.each([
    ['{"x": [1]}', /^a\.jsonl, line 2: x is 1, which does not fit input "x" \(1 × 2\)/],
    ['{"x": [1, "2"]}', /^a\.jsonl, line 2: x holds "2"; give it numbers/],
    ['{"x": [[1, 2], [3]]}', /^a\.jsonl, line 2: x holds lists of different lengths or depths/],
    ['{"x": [1, [2]]}', /^a\.jsonl, line 2: x holds \[2\]; give it numbers/],
    ['{"y": [1, 2]}', /^a\.jsonl, line 2 has no x, as the first line has; add it/],
    ["[1, 2]", /^a\.jsonl, line 2 is no JSON object; give it one of input names/],
    ['{"x": [NaN, 1]}', /^a\.jsonl, line 2 is no JSON object/],
    ['{"x": [1e999, 1]}', /^a\.jsonl, line 2: x holds 1 infinite value of 2 values/],
  ])("that are bad are no samples, and those beside them are: %s", async (line, message) => {
    const dataset = await open([memoryFile("a.jsonl", `{"x": [1, 2]}\n${line}\n{"x": [3, 4]}`)], X);
    await expect(dataset.get(1)).rejects.toThrow(message);
    await expect(dataset.get(1)).rejects.toThrow(InputError);
    expect((await feeds(dataset, 2)).x).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("are refused where the first is bad, where there are none, and where an integer is not held exactly", async () => {
    await expect(open([memoryFile("a.jsonl", "text")], X)).rejects.toThrow("a.jsonl, line 1 is no JSON object");
    await expect(open([memoryFile("a.jsonl", " \n\n")], X)).rejects.toThrow("a.jsonl is empty");
    const ids = { open: [IDS], held: [] };
    const big = await open([memoryFile("a.jsonl", '{"input_ids": [9007199254740993]}')], ids);
    await expect(big.get(0)).rejects.toThrow("which JSON does not hold exactly; give it in a .npz file.");
  });
});

describe.each([0, 6] as const)("a zip archive at level %d", (level) => {
  const zip = (files: Readonly<Record<string, Uint8Array>>) => memoryFile("data.zip", zipBytes(files, level));
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const png = new Uint8Array(Buffer.from(pillow.images["color.png"].file, "base64"));
  const pictures: ModelInputs = { open: [port("x", [1, 3, 7, 11])], held: [] };

  it("is the folder in it: pictures with labels, one of them damaged", async () => {
    const files = {
      "set/b.png": png,
      "set/a.png": png,
      "set/c.png": png.slice(0, 60),
      "labels.csv": bytesOf("a.png,4\nb.png,5"),
    };
    const dataset = await open([zip(files)], pictures);
    expect(dataset).toMatchObject({ length: 3, kind: "images" });
    expect(listOf(dataset.labels)).toEqual([4, 5, null]);
    expect(sourcesOf(dataset)).toEqual(["data.zip/set/a.png", "data.zip/set/b.png", "data.zip/set/c.png"]);
    const alone = await open([memoryFile("a.png", png)], pictures);
    expect((await feeds(dataset, 1)).x).toEqual((await feeds(alone, 0)).x);
    await expect(dataset.get(2)).rejects.toThrow("data.zip/set/c.png is a damaged PNG image");
  });

  it("holds arrays, .npz files, JSON lines, or arrays named like the inputs", async () => {
    const arrays = await open([zip({ "1.npy": array(3, 4), "0.npy": array(1, 2) })], X);
    expect([await feeds(arrays, 0), await feeds(arrays, 1)]).toEqual([
      {
        x: [
          [1, 2],
          [1, 2],
        ],
      },
      {
        x: [
          [1, 2],
          [3, 4],
        ],
      },
    ]);
    const npz = await open([zip({ "a/0.npz": npzBytes({ x: array(5, 6) }, level) })], X);
    expect(await feeds(npz, 0)).toEqual({
      x: [
        [1, 2],
        [5, 6],
      ],
    });
    const lines = await open([zip({ "a.jsonl": bytesOf('{"x": [7, 8]}') })], X);
    expect(await feeds(lines, 0)).toEqual({
      x: [
        [1, 2],
        [7, 8],
      ],
    });
    const two: ModelInputs = { open: [port("x", [1, 2]), port("y", [1, 2])], held: [] };
    const named = await open([zip({ "y.npy": array(1, 2), "x.npy": array(3, 4) })], two);
    expect(await feeds(named, 0)).toEqual({
      x: [
        [1, 2],
        [3, 4],
      ],
      y: [
        [1, 2],
        [1, 2],
      ],
    });
  });

  it("skips a picture whose bytes are not those packed, and refuses an array that is", async () => {
    const broken = (name: string, content: Uint8Array) => {
      const bytes = zipBytes({ [name]: content, "good.png": png }, level);
      bytes[30 + name.length + 40]! ^= 0xff;
      return memoryFile("data.zip", bytes);
    };
    const dataset = await open([broken("bad.png", png)], pictures);
    await expect(dataset.get(0)).rejects.toThrow("data.zip/bad.png is damaged; copy data.zip again");
    expect((await dataset.get(1)).source).toBe("data.zip/good.png");
    await expect(open([broken("a.npy", npyBytes("<f4", [4, 2], new Float32Array(8)))], X)).rejects.toThrow(
      "data.zip/a.npy is damaged",
    );
  });

  it("in an archive is left out with a warning", async () => {
    const dataset = await open([zip({ "0.npy": array(1, 2), "in.zip": zipBytes({ "1.npy": array(3, 4) }) })], X);
    expect(dataset.length).toBe(1);
    expect(dataset.notices.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Ignored .*data\.zip\/in\.zip\.$/),
    ]);
  });
});

it("labels that are given apart are the only ones that count, whatever archives hold", async () => {
  const zip = memoryFile(
    "d.zip",
    zipBytes({ "0.npy": array(1, 2), "labels.csv": new TextEncoder().encode("0.npy,1") }),
  );
  const labels = memoryFile("mine.csv", "0.npy,7");
  const dataset = await openDataset([zip], { inputs: X, preprocess: null, decoders, labels });
  expect(listOf(dataset.labels)).toEqual([7]);
  const vector = memoryFile("y_test.npy", npyBytes("<i8", [1], BigInt64Array.of(5n)));
  const given = await openDataset([zip], { inputs: X, preprocess: null, decoders, labels: vector });
  expect(listOf(given.labels)).toEqual([5]);
  const bad = openDataset([zip], { inputs: X, preprocess: null, decoders, labels: memoryFile("a.npy", array(1, 2)) });
  await expect(bad).rejects.toThrow("a.npy holds no labels");
});
