import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { gzipSync } from "fflate";
import { expect, test } from "vitest";
import { nodeDecoders as decoders } from "../../../cli/decoders.ts";
import type { DataFile } from "../model/dataset.ts";
import { FileChanged, InputError, namesSubject } from "../model/job.ts";
import type { Port, Tensor } from "../model/tensor.ts";
import { needsShared, SHARED } from "../testing/shared.ts";
import type { TensorData } from "../values/elementTypes.ts";
import { type DatasetOptions, type OpenDataset, openDataset } from "./dataset.ts";
import { resolvePreset } from "./presets.ts";
import { previewSample } from "./preview.ts";
import { diskFile, idxBytes, memoryFile, npyBytes, range, shrinking } from "./testing/files.ts";
import { listOf } from "./testing/labels.ts";
import pillow from "./testing/pillow.json" with { type: "json" };
import { sourcesOf } from "./testing/sources.ts";

function input(dims: Port["dims"], type: Port["type"] = "float32"): Port {
  return { name: "x", type, dims };
}

function open(files: readonly DataFile[], port: Port, preprocess: DatasetOptions["preprocess"] = null) {
  return openDataset(files, { inputs: { open: [port], held: [] }, preprocess, decoders });
}

const image = (name: keyof typeof pillow.images, path: string = name) =>
  memoryFile(path, new Uint8Array(Buffer.from(pillow.images[name].file, "base64")));

async function feed(dataset: OpenDataset, index: number): Promise<Tensor> {
  return (await dataset.get(index)).feeds.get("x")!;
}

const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => i / 2);
const npy = (path: string, dims: readonly number[], data: TensorData, descr = "<f4") =>
  memoryFile(path, npyBytes(descr, dims, data));

test("samples come in the byte order of paths, then by index", async () => {
  const names = ["b", "a/z", "a.", "Z", "ä", "\u{1f600}", "\uff5e"];
  const files = names.map((name) => npy(`${name}.npy`, [2, 3], floats(6)));
  const dataset = await open(files, input([1, 3]));
  const byBytes = names.map((name) => Buffer.from(`${name}.npy`)).sort(Buffer.compare);
  expect(sourcesOf(dataset)).toEqual(byBytes.flatMap((path) => [`${path}[0]`, `${path}[1]`]));
});

test("of an array of two thousand million rows nothing is kept for each: the last is named and read", async () => {
  const rows = 2e9;
  const header = npyBytes("|u1", [rows, 1], new Uint8Array(0));
  const size = header.length + rows;
  const file: DataFile = {
    ...{ path: "rows.npy", size },
    read: async (start = 0, end = size) => Uint8Array.from({ length: end - start }, (_, i) => header[start + i] ?? 7),
  };
  const dataset = await open([file], input([1, 1], "uint8"));
  expect(dataset.length).toBe(rows);
  expect(dataset.sourceOf(rows - 1)).toBe("rows.npy[1999999999]");
  expect((await feed(dataset, rows - 1)).data).toEqual(Uint8Array.of(7));
});

test("a .npy sample is read by its range alone, and nothing is kept", async () => {
  const file = npy("a.npy", [100, 3, 4], floats(1200));
  const dataset = await open([file], input(["N", 3, 4]));
  expect(dataset).toMatchObject({ length: 100, kind: "npy", preprocess: null, labels: null, notices: [] });
  const header = file.size - 4800;
  expect(Math.max(...file.reads.map(([, end]) => end))).toBe(header);
  for (const _ of [1, 2]) {
    expect(await feed(dataset, 7)).toEqual({ type: "float32", dims: [1, 3, 4], data: floats(1200).slice(84, 96) });
    expect(file.reads.at(-1)).toEqual([header + 7 * 48, header + 8 * 48]);
  }
});

test.each([
  ["N samples of the remaining dims", [4, 3, 2], ["N", 3, 2], 4, [1, 3, 2]],
  ["N samples where the batch is 1", [4, 6], [1, 6], 4, [1, 6]],
  ["one sample of the input's shape", [1, 24], [1, 24], 1, [1, 24]],
  ["one sample of a larger fixed batch", [2, 12], [2, 12], 1, [2, 12]],
  ["samples that carry their batch", [3, 2, 4], [2, 4], 3, [2, 4]],
  ["a sample without a batch", [3, 8], ["N", 3, 8], 1, [1, 3, 8]],
  ["open dims take any size", [4, 6], ["batch", null], 4, [1, 6]],
  ["scalars", [24], [], 24, []],
  ["a vector for a vector", [24], ["length"], 1, [24]],
] as const)("%s: %j for input %j", async (_, dims, wanted, count, sampleDims) => {
  const dataset = await open([npy("a.npy", dims, floats(24))], input(wanted));
  expect(dataset.length).toBe(count);
  const last = await feed(dataset, count - 1);
  expect(last.dims).toEqual(sampleDims);
  expect(last.data).toEqual(floats(24).slice(24 - 24 / count));
});

test("data that does not fit names the file, its shape and the input's", async () => {
  await expect(open([npy("in/a.npy", [4, 3, 2], floats(24))], input(["N", 3, 5]))).rejects.toThrow(
    'in/a.npy holds float32 of shape 4 × 3 × 2, which does not fit input "x" (N × 3 × 5)',
  );
  await expect(open([npy("a.npy", [0, 5], floats(0))], input(["N", 5]))).rejects.toThrow(
    "a.npy (0 × 5) holds no samples",
  );
});

test.each([
  ["NaN", "<f4", Float32Array.of(1, Number.NaN, 2, Number.NaN), "2 NaN of 4 values"],
  ["infinity", "<f4", Float32Array.of(1, -Infinity, 2, 3), "1 infinite value of 4 values"],
  ["both", "<f8", Float64Array.of(Infinity, Number.NaN, Infinity, 3), "1 NaN and 2 infinite values of 4 values"],
  ["what float32 cannot hold", "<f8", Float64Array.of(1e300, 1, 2, 3), "1 infinite value of 4 values"],
] as const)("a tensor that holds %s is refused by name, and those beside it are not", async (_, descr, bad, held) => {
  const data = bad instanceof Float32Array ? new Float32Array(12) : new Float64Array(12);
  data.set(bad, 4);
  const dataset = await open([npy("a.npy", [3, 4], data, descr)], input([1, 4]));
  await expect(dataset.get(1)).rejects.toThrow(new InputError(`a.npy[1] holds ${held}; give it finite ones.`));
  expect((await feed(dataset, 2)).data).toEqual(new Float32Array(4));
  const alone = await open([npy("b.npy", [1, 4], bad, descr)], input([1, 4]));
  await expect(alone.get(0)).rejects.toThrow(`b.npy holds ${held}`);
});

test("integers become tokens of the input's type, and other inputs are held", async () => {
  const file = npy("tokens.npy", [2, 3], Int32Array.of(1, 2, 3, 4, 5, 6), "<i4");
  const mask: Tensor = { type: "float32", dims: [1], data: Float32Array.of(1) };
  const dataset = await openDataset([file], {
    inputs: {
      open: [input(["batch", "seq"], "int64")],
      held: [{ port: { name: "mask", type: "float32", dims: ["one"] }, value: 1 }],
    },
    preprocess: null,
    decoders,
  });
  expect((await dataset.get(1)).feeds).toEqual(
    new Map([
      ["mask", mask],
      ["x", { type: "int64", dims: [1, 3], data: BigInt64Array.of(4n, 5n, 6n) }],
    ]),
  );
});

test("uint8 arrays of every arrangement are the same pictures", async () => {
  const [height, width] = [5, 6];
  const planes = range(2 * 3 * height * width);
  const pixel = (n: number, c: number, i: number) => planes[(n * 3 + c) * height * width + i]!;
  const interleaved = (channels: number) =>
    Uint8Array.from({ length: 2 * height * width * channels }, (_, at) => {
      const c = at % channels;
      const i = Math.floor(at / channels) % (height * width);
      const n = Math.floor(at / channels / height / width);
      return c < 3 ? pixel(n, c, i) : 99;
    });
  const arrays = [
    npy("a.npy", [2, 3, height, width], planes, "|u1"),
    npy("a.npy", [2, height, width, 3], interleaved(3), "|u1"),
    npy("a.npy", [2, height, width, 4], interleaved(4), "|u1"),
    memoryFile("a", idxBytes([2, height, width, 3], interleaved(3))),
    npy("a.npy", [height, width, 3], interleaved(3).slice(height * width * 3), "|u1"),
    npy("a.npy", [3, height, width], planes.slice(3 * height * width), "|u1"),
  ];
  for (const file of arrays) {
    const dataset = await open([file], input([1, 3, height, width]), "raw");
    const { data, dims } = await feed(dataset, dataset.length - 1);
    expect(dims).toEqual([1, 3, height, width]);
    expect(data).toEqual(Float32Array.from(planes.slice(3 * height * width)));
  }
});

test("pictures that have the input's size already are not resized by a preset", async () => {
  const file = npy("a.npy", [1, 224, 224, 3], new Uint8Array(224 * 224 * 3), "|u1");
  const { preprocess } = await open([file], input([1, 3, 224, 224]), "imagenet");
  expect(preprocess).toMatchObject({ resize: null, crop: null, mean: [0.485, 0.456, 0.406] });
});

test("IDX images with labels beside them", async () => {
  const files = [
    memoryFile("train-images-idx3-ubyte.gz", gzipSync(idxBytes([3, 2, 2], range(12)))),
    memoryFile("train-labels-idx1-ubyte.gz", gzipSync(idxBytes([3], Uint8Array.of(9, 0, 5)))),
  ];
  const dataset = await open(files, input(["N", 1, 2, 2]), "unit");
  expect(dataset).toMatchObject({ kind: "idx", files: 1, length: 3, notices: [] });
  expect(listOf(dataset.labels)).toEqual([9, 0, 5]);
  expect((await feed(dataset, 2)).data).toEqual(Float32Array.of(8, 9, 10, 11).map((v) => v * Math.fround(1 / 255)));
});

test(".npy in gzip, data and labels, is what it is without", async () => {
  const zip = (path: string, bytes: Uint8Array) => memoryFile(path, gzipSync(bytes));
  const files = [
    zip("a.npy.gz", npyBytes("<f4", [3, 4], floats(12))),
    zip("a-labels.npy.gz", npyBytes("<i8", [3], BigInt64Array.of(2n, 0n, 1n))),
    zip("notes.gz", new TextEncoder().encode("no array")),
  ];
  const dataset = await open(files, input([1, 4]));
  expect(dataset).toMatchObject({ kind: "npy", files: 1, length: 3 });
  expect(listOf(dataset.labels)).toEqual([2, 0, 1]);
  expect(dataset.notices).toMatchObject([{ kind: "warning", subject: "notes.gz" }]);
  expect((await feed(dataset, 1)).data).toEqual(floats(12).slice(4, 8));
  const cut = memoryFile("cut.npy.gz", gzipSync(npyBytes("<f4", [3, 4], floats(12))).slice(0, -12));
  await expect(open([cut], input([1, 4]))).rejects.toThrow("cut.npy.gz is a damaged gzip file");
});

test("garbage behind an array in gzip is said", async () => {
  const zipped = gzipSync(npyBytes("<f4", [3, 4], floats(12)));
  const dataset = await open([memoryFile("a.npy.gz", Uint8Array.from([...zipped, 1, 2, 3]))], input([1, 4]));
  const message = "Ignored 3 bytes after the end of its gzip data, which is whole.";
  expect(dataset.notices).toEqual([{ kind: "warning", subject: "a.npy.gz", message }]);
  expect((await feed(dataset, 2)).data).toEqual(floats(12).slice(8));
});

test.each([
  ["an array in a .npy file", npyBytes("<f4", [3, 4], floats(12)), input([1, 4])],
  ["an array in an IDX file", idxBytes([3, 4, 4], range(48)), input([1, 1, 4, 4])],
])("what stands behind %s is said: a second array there would be left out without a word", async (_, bytes, port) => {
  const behind = (rest: Uint8Array) => open([memoryFile("a", Uint8Array.from([...bytes, ...rest]))], port);
  const noticesOf = ({ notices }: OpenDataset) => notices.filter(({ subject }) => subject === "a");
  const message = (size: string) =>
    `Ignored ${size} after the end of its array; if several were saved into it, save them as one.`;
  expect(noticesOf(await behind(new Uint8Array()))).toEqual([]);
  expect(noticesOf(await behind(Uint8Array.of(0)))).toEqual([
    { kind: "warning", subject: "a", message: message("1 byte") },
  ]);
  const twice = await behind(bytes);
  expect(twice.length).toBe((await behind(new Uint8Array())).length);
  expect(noticesOf(twice)).toEqual([{ kind: "warning", subject: "a", message: message(`${bytes.length} bytes`) }]);
});

const cutShort = (path: string) =>
  new FileChanged(`${path} was cut short while it was read; wait until it is written, and start again.`);

test.each([
  ["tensors", npyBytes("<f4", [3, 4], floats(12)), input([1, 4]), 128 + 40],
  ["float16", npyBytes("<f2", [3, 4], new Uint16Array(12)), input([1, 4]), 128 + 20],
  ["pictures", npyBytes("|u1", [3, 2, 2, 3], range(36)), input([1, 3, 2, 2]), 128 + 30],
  ["an IDX file", idxBytes([3, 4, 4], range(48)), input([1, 1, 4, 4]), 60],
  ["an image", new Uint8Array(Buffer.from(pillow.images["color.png"].file, "base64")), input([1, 3, 7, 11]), 30],
])("what is cut short after it was opened gives no sample: %s", async (_, bytes, port, left) => {
  const last = async (dataset: OpenDataset) => dataset.get(dataset.length - 1);
  await last(await open([memoryFile("a.npy", bytes)], port));
  for (const kept of [0, 1, left]) {
    const dataset = await open([shrinking("a.npy", bytes, kept, 3)], port);
    // The header takes fewer reads of some kinds than of others.
    for (let i = 0; i < 3; i++) await dataset.get(0).catch(() => null);
    await expect(last(dataset)).rejects.toThrow(cutShort("a.npy"));
  }
});

test.each([
  ["labels.csv", "file,label\na.npy[0],1\na.npy[1],2\n", 22],
  ["labels.npy", npyBytes("<i8", [2], BigInt64Array.of(2n, 1n)), 128 + 8],
  ["labels.idx", idxBytes([2], Uint8Array.of(2, 1)), 9],
  ["b.npy", npyBytes("<f4", [2, 4], floats(8)), 20],
  ["b.npy.gz", gzipSync(npyBytes("<f4", [2, 4], floats(8))), 20],
])("%s that is cut short while it is opened is refused", async (path, content, left) => {
  const files = (from: number) => [npy("a.npy", [2, 4], floats(8)), shrinking(path, content, left, from)];
  expect((await open(files(9), input([1, 4]))).length).toBeGreaterThan(1);
  await expect(open(files(1), input([1, 4]))).rejects.toThrow(cutShort(path));
});

test("a folder of images, with clutter, strangers, labels and a damaged image", async () => {
  const files = [
    image("color.png", "set/c.png"),
    image("color.jpg", "set/a.jpg"),
    memoryFile("set/b.jpg", "I am text"),
    memoryFile("set/.DS_Store", "Bud1"),
    memoryFile("set/README.md", "hello"),
    memoryFile("set/film.gif", "GIF89a"),
    memoryFile("set/labels.csv", "file,label\na.jpg,1\nc.png,2\n"),
  ];
  const dataset = await open(files, input([1, 3, 7, 11]));
  expect(sourcesOf(dataset)).toEqual(["set/a.jpg", "set/b.jpg", "set/c.png"]);
  expect(listOf(dataset.labels)).toEqual([1, null, 2]);
  expect(dataset.notices.slice(0, 2).map(namesSubject)).toEqual([true, true]);
  expect(dataset.notices.map((notice) => notice.message)).toEqual([
    "Ignored files that are no data: set/.DS_Store, set/README.md.",
    "Ignored files that are no JPEG, PNG, WebP, .npy, .npz, .jsonl or IDX: set/film.gif.",
    "1 of 3 samples have no label.",
    expect.stringContaining('preset "unit" is assumed'),
  ]);
  const red = Buffer.from(pillow.images["color.png"].rgb, "base64").filter((_, i) => i % 3 === 0);
  const { data } = await feed(dataset.withPreprocess("raw"), 2);
  expect(data.slice(0, 77)).toEqual(Float32Array.from(red));
  await expect(dataset.get(1)).rejects.toThrow(InputError);
  await expect(dataset.get(1)).rejects.toThrow("set/b.jpg is no JPEG, PNG or WebP");
});

test.each([
  [[], "The data holds no images, .npy, .npz, .jsonl or IDX files"],
  [
    [memoryFile("set/a.txt", "x"), memoryFile("set/b/c.bin", "y")],
    "The folder set holds no images, .npy, .npz, .jsonl or IDX files",
  ],
  [[memoryFile("model.zip", "PK")], "model.zip holds no images"],
  [[image("gray.png"), npy("a.npy", [1, 4], floats(4))], "The set of files mixes images (1) and .npy files (1)"],
  [
    [npy("a.npy", [1, 1, 2, 2], floats(4)), npy("b.npy", [1, 2, 2], range(4), "|u1")],
    "a.npy holds tensors, but b.npy pic",
  ],
  [[memoryFile("a.npy", "text")], "a.npy is no .npy file"],
])("bad sets of files are refused: %#", async (files, message) => {
  await expect(open(files, input(["N", 1, 2, 2]), "raw")).rejects.toThrow(message);
});

test("a preprocessing that does not suit the input is refused", async () => {
  const files = [image("color.png")];
  await expect(open(files, input([1, 3, 240, 320]), "imagenet")).rejects.toThrow(
    'The preprocessing gives 1 × 3 × 224 × 224, but input "x" takes 1 × 3 × 240 × 320',
  );
  await expect(open(files, input([1, 576]))).rejects.toThrow('Input "x" (1 × 576) does not look like pictures');
  await expect(open(files, input([8, 3, 7, 11]), "raw")).rejects.toThrow("takes 8 samples at a time");
  await expect(open(files, input([1, 3, 7, 11], "other"), "raw")).rejects.toThrow('Input "x" takes no numbers');
  const small = { ...resolvePreset("imagenet", input([1, 3, 224, 224]), null), crop: 299 };
  await expect(open(files, input([1, 3, 299, 299]), small)).rejects.toThrow(
    "The preprocessing crops 299x299 after resizing the shorter side to 256",
  );
  const dataset = await open(files, input(["N", 3, "H", "W"]), "raw");
  expect((await feed(dataset, 0)).dims).toEqual([1, 3, 7, 11]);
});

test("a preprocessing given for tensors is not applied, and a notice says so", async () => {
  const dataset = await open([npy("a.npy", [1, 3, 2, 2], floats(12))], input([1, 3, 2, 2]), "imagenet");
  expect(dataset.preprocess).toBeNull();
  expect(dataset.notices).toMatchObject([{ kind: "warning", message: expect.stringContaining("not applied") }]);
  expect((await feed(dataset, 0)).data).toEqual(floats(12));
});

test("an input of uint8 gets whole numbers or none", async () => {
  const port = input([1, 7, 11, 3], "uint8");
  const dataset = await open([image("color.png")], port);
  expect(Buffer.from((await feed(dataset, 0)).data as Uint8Array).toString("base64")).toBe(
    pillow.images["color.png"].rgb,
  );
  await expect(dataset.withPreprocess("unit").get(0)).rejects.toThrow("color.png, preprocessed, holds 0.");
});

test("the preview shows the picture as decoded, and the tensor drawn back", async () => {
  const dataset = await open([image("color.png")], input([1, 3, 7, 11]), "unit");
  const bgr = dataset.withPreprocess({ ...dataset.preprocess!, color: "BGR", mean: [0.5], std: [0.25] });
  for (const shown of [dataset, bgr]) {
    const { original, prepared, ...rest } = await previewSample(shown, 0);
    expect([original!.width, original!.height, original!.rgba.length]).toEqual([11, 7, 308]);
    expect(rest).toMatchObject({ source: "color.png", input: "x", tensors: [{ name: "x", dims: [1, 3, 7, 11] }] });
    for (let c = 0; c < 3; c++) {
      const channel = (rgba: Uint8ClampedArray) => [...rgba.filter((_, i) => i % 4 === c)];
      const from = channel(original!.rgba);
      const [low, high] = [Math.min(...from), Math.max(...from)];
      const stretched = from.map((value) => ((value - low) / (high - low)) * 255);
      const errors = channel(prepared!.rgba).map((value, i) => Math.abs(value - stretched[i]!));
      expect(Math.max(...errors)).toBeLessThanOrEqual(0.51);
    }
  }
  const tensors = await open([npy("a.npy", [1, 4], Float32Array.of(1, 2, 3, -2))], input([1, 4]));
  const halves = await open([npy("a.npy", [1, 4], Float32Array.of(1, 2, 3, -2))], input([1, 4], "float16"));
  const empty = await open([npy("a.npy", [1, 0, 4], new Float32Array(0))], input([1, "P", 4]));
  const none = { dims: [1, 0, 4], values: [], min: Number.NaN, max: Number.NaN, mean: Number.NaN };
  expect((await previewSample(halves, 0)).tensors).toMatchObject([{ type: "float16", values: [1, 2, 3, -2], mean: 1 }]);
  expect((await previewSample(empty, 0)).tensors).toMatchObject([none]);
  const told = { name: "x", type: "float32", values: [1, 2, 3, -2], min: -2, max: 3, mean: 1 };
  expect(await previewSample(tensors, 0)).toMatchObject({ original: null, prepared: null, tensors: [told] });
});

// The first 50 tensors that `load` of shared/peers/ort_quantize.py makes with Pillow 12.3: hashlib.sha256(b"".join(...)).
const PILLOW_SHA256 = "3b8ff1234613de1160de6f625a6b11f883bad289925ee16d579cf65c8a5fd613";

test("photographs become the peer tool's tensors, bit for bit", needsShared, async () => {
  const names = readdirSync(`${SHARED}data/imagenet-mini`);
  const photos = names.map((name) => diskFile(`${SHARED}data/imagenet-mini/${name}`, `imagenet-mini/${name}`));
  const dataset = await open(photos, input(["N", 3, 224, 224]), "imagenet");
  expect(dataset).toMatchObject({ length: 200, kind: "images" });
  expect(listOf(dataset.labels)?.slice(0, 3)).toEqual([0, 5, 10]);
  const hash = createHash("sha256");
  for (let i = 0; i < 50; i++) hash.update((await feed(dataset, i)).data as Float32Array);
  expect(hash.digest("hex")).toBe(PILLOW_SHA256);
});
