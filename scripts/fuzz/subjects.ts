import { gzipSync, strToU8 } from "fflate";
import { describeComparison } from "../../cli/comparisonText.ts";
import { nodeDecoders } from "../../cli/decoders.ts";
import { idxBytes, memoryFile, npyBytes, npzBytes, range, zipBytes } from "../../src/engine/data/testing/files.ts";
import pillow from "../../src/engine/data/testing/pillow.json" with { type: "json" };
import type { DataFile, ModelInputs } from "../../src/engine/model/dataset.ts";
import { InputError } from "../../src/engine/model/job.ts";
import type { Preprocess } from "../../src/engine/model/preprocess.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import { noise } from "../../src/engine/onnx/testing/build.ts";
import { parsePreprocess } from "../../src/engine/project/documents.ts";
import {
  compareReports,
  gate,
  gateJUnit,
  gateMarkdown,
  inspectModel,
  isSealed,
  kindOf,
  openData,
  readAnyShard,
  readCalibration,
  readPrivateKey,
  readPublicKey,
  readQuantized,
  readRecipe,
  readReport,
  readRules,
  SensitivityMerge,
  ShardMerge,
  unseal,
} from "../../src/engine/project/index.ts";
import { ageFile, armored, CHUNK, chunksOf, header, PASSPHRASE, scryptStanza } from "./age.ts";
import { context, writeDocuments } from "./documents.ts";
import { EXTERNAL_MODELS, MODELS, WEIGHTS } from "./models.ts";
import { mutateGzip, mutateZip } from "./mutators/archives.ts";
import { mutateIdx, mutateNpy } from "./mutators/arrays.ts";
import { mutateJson, mutateJsonLines } from "./mutators/json.ts";
import { mutateJpeg, mutatePng, mutateWebp } from "./mutators/pictures.ts";
import { mutateProtobuf } from "./mutators/protobuf.ts";
import { mutateSealed } from "./mutators/sealed.ts";
import { mutateTable } from "./mutators/table.ts";
import { PRIVATE_KEY, PUBLIC_KEY, readSigned, signatureOf } from "./signed.ts";
import type { Subject } from "./subject.ts";

/** Samples of each input that are read. */
const READ = 3;

const PICTURES: ModelInputs = { open: [{ name: "x", type: "float32", dims: [1, 3, 8, 8] }], held: [] };
const VECTORS: ModelInputs = { open: [{ name: "x", type: "float32", dims: ["n", 4] }], held: [] };
const PREPROCESS: Preprocess = {
  resize: { mode: "exact", size: [8, 8] },
  crop: null,
  layout: "NCHW",
  color: "RGB",
  scale: 1 / 255,
  mean: [0],
  std: [1],
};

type Pictures = keyof typeof pillow.images;
const picture = (name: Pictures) => new Uint8Array(Buffer.from(pillow.images[name].file, "base64"));
const npy = npyBytes("<f4", [4, 4], noise([4, 4]).data as Float32Array);
const bytesNpy = npyBytes("|u1", [8, 4], range(32));
const fortranNpy = npyBytes("<f4", [4, 4], noise([4, 4]).data as Float32Array, { order: "True" });

async function readSamples(files: readonly DataFile[], inputs: ModelInputs, preprocess: Preprocess | null) {
  const data = await openData(inputs, files, preprocess, nodeDecoders);
  for (let index = 0; index < Math.min(READ, data.length); index++) {
    await data.get(index);
    await data.print(index);
  }
}

const sealed = (text: string) => ageFile(header(scryptStanza()), chunksOf(strToU8(text)));

/** Whether a file asks for 2^12 to 2^20 rounds of scrypt, which are done, take seconds and up to 1 GiB as it says, and say nothing of the reader. */
function asksForWork(bytes: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 1000));
  const binary = text.startsWith("-----") ? atobOf(text) : text;
  const work = Number(/^age[^\n]*\n-> scrypt \S* (\d+)/.exec(binary)?.[1] ?? 0);
  return work >= 12 && work <= 20;
}

function atobOf(armor: string): string {
  return Buffer.from(armor.replace(/^-----.*$/gm, ""), "base64").toString("latin1");
}

function mergeAlone<P>(merge: { add(name: string, part: P): void; result(): unknown }, part: P): void {
  merge.add("input.json", part);
  merge.result();
}

function ofData(
  format: string,
  extension: string,
  weight: number,
  seeds: readonly Uint8Array[],
  structured: Subject["structured"],
  [inputs, preprocess]: readonly [ModelInputs, Preprocess | null],
): Subject {
  return {
    ...{ format, extension, weight, seeds, structured },
    read: (bytes) => readSamples([memoryFile(`input.${extension}`, bytes)], inputs, preprocess),
  };
}

function ofText(
  format: string,
  weight: number,
  seeds: readonly string[],
  read: (text: string) => Promise<void> | void,
): Subject {
  return {
    ...{ format, extension: "json", weight, structured: mutateJson },
    seeds: seeds.map((text) => strToU8(text)),
    read: async (bytes) => read(new TextDecoder().decode(bytes)),
  };
}

/** Every format that is read, with inputs as small as there are. */
export async function subjectsOn(runtime: Runtime): Promise<readonly Subject[]> {
  const { project, recipe, calibration, report, shard, sensitivityShard } = await writeDocuments(runtime);
  const base = readReport(report, "base.report.json");
  const rules = '{"maxTop1Drop": 1, "minSqnr": {"y": 20, "*": 10}, "maxBytes": 100000, "minIntegerShare": 0.5}';
  const written = { recipe: readRecipe(recipe, "recipe"), calibration: readCalibration(calibration, "calibration") };
  const afresh = () => project.adopt(written.recipe).takeCalibration(written.calibration);
  const readModel = async (bytes: Uint8Array) => {
    const readBeside = async (path: string) => (path === WEIGHTS.name ? WEIGHTS.bytes : null);
    const source = { bytes, fileName: "input.onnx", readBeside };
    if ((await kindOf(source)).isQuantized) await readQuantized(source);
    const { summary, targets } = await inspectModel(source, { shapes: {}, values: {} }, runtime, context);
    if (summary.layers.length > 0) targets();
  };
  const model = { extension: "onnx", structured: mutateProtobuf, read: readModel };
  const tensors = [VECTORS, null] as const;
  const images = [PICTURES, PREPROCESS] as const;
  const labelled = ["0.png", "1.png", "2.png"].map((name) => memoryFile(name, picture("color.png")));
  return [
    { ...model, format: "ONNX", weight: 16, seeds: MODELS },
    { ...model, format: "external data", weight: 10, seeds: EXTERNAL_MODELS },
    ofData("npy", "npy", 120, [npy, fortranNpy], mutateNpy, tensors),
    ofData("npz", "npz", 90, [npzBytes({ x: npy }), npzBytes({ x: npy }, 6)], mutateZip(mutateNpy), tensors),
    ofData(
      "zip",
      "zip",
      80,
      [zipBytes({ "a.npy": npy, "b.npy": npy }, 6), zipBytes({ "a.png": picture("color.png") })],
      mutateZip((bytes, chance, others) => (bytes[0] === 0x93 ? mutateNpy : mutatePng)(bytes, chance, others)),
      tensors,
    ),
    ofData("IDX", "idx", 100, [idxBytes([4, 4], range(16)), idxBytes([4, 2, 2], range(16))], mutateIdx, tensors),
    ofData(
      "gzip",
      "npy.gz",
      90,
      [gzipSync(npy, { mtime: 0 }), gzipSync(bytesNpy, { mtime: 0 })],
      mutateGzip(mutateNpy),
      tensors,
    ),
    ofData("jsonl", "jsonl", 40, [strToU8('{"x": [1, 2, 3, 4]}\n{"x": [5, 6, 7, 8]}\n')], mutateJsonLines, tensors),
    ofData("JPEG", "jpg", 40, (["color.jpg", "progressive.jpg", "gray.jpg"] as const).map(picture), mutateJpeg, images),
    ofData("PNG", "png", 80, (["color.png", "palette.png", "deep.png"] as const).map(picture), mutatePng, images),
    ofData("WebP", "webp", 30, (["lossy.webp", "lossless.webp"] as const).map(picture), mutateWebp, images),
    {
      ...{ format: "CSV", extension: "csv", weight: 60, structured: mutateTable },
      seeds: ["file,label\n0.png,0\n1.png,1\n2.png,2\n", '"0.png",3\n1.png,4\n'].map((text) => strToU8(text)),
      async read(bytes) {
        await openData(PICTURES, [...labelled, memoryFile("labels.csv", bytes)], PREPROCESS, nodeDecoders);
      },
    },
    ofText("recipe", 40, [recipe], async (text) => {
      afresh().adopt(readRecipe(text, "input.json"));
      if (project.wants.length > 0 || !project.summary) return;
      project.resolve();
      project.writtenGraph();
    }),
    ofText("calibration", 30, [calibration], (text) => {
      afresh().adopt(project.defaultRecipe).takeCalibration(readCalibration(text, "input.json"));
      project.edit({ corrections: { equalization: false, bias: "none" } });
      project.resolve();
      project.writtenGraph();
    }),
    ofText("report", 30, [report], (text) => {
      const read = readReport(text, "input.json");
      describeComparison(compareReports(base, read), ["base.json", "input.json"]);
      const judged = gate(read, null, readRules(rules, "rules.json"));
      gateJUnit(judged);
      gateMarkdown(judged);
    }),
    ofText("shard", 20, [shard, sensitivityShard], (text) => {
      const read = readAnyShard(text, "input.json");
      if ("observed" in read) mergeAlone(new ShardMerge(), read.observed);
      else mergeAlone(new SensitivityMerge(), read.measured);
    }),
    {
      ...{ format: "signature", extension: "sig", weight: 17, structured: mutateJson },
      seeds: [await signatureOf(report)],
      read: (bytes) => readSigned(report, bytes),
    },
    {
      ...{ format: "key", extension: "pem", weight: 17, structured: mutateTable },
      seeds: [PRIVATE_KEY, PUBLIC_KEY].map((text) => strToU8(text)),
      async read(bytes) {
        const text = new TextDecoder().decode(bytes);
        await (text.includes("PRIVATE") ? readPrivateKey : readPublicKey)(text, "input.pem");
      },
    },
    {
      ...{ format: "encrypted", extension: "recipe.json.age", weight: 20, structured: mutateSealed(mutateJson) },
      seeds: [sealed(recipe), armored(sealed(recipe)), sealed(recipe.trimEnd() + " ".repeat(CHUNK))],
      async read(bytes) {
        if (asksForWork(bytes))
          throw new InputError("input.recipe.json.age asks for as much work as it may; open it by itself.");
        const opened = isSealed(bytes) ? await unseal(bytes, PASSPHRASE, "input.recipe.json.age") : bytes;
        readRecipe(new TextDecoder().decode(opened), "input.recipe.json.age");
      },
    },
    ofText("rules", 10, [rules], (text) => {
      gate(base, null, readRules(text, "input.json"));
    }),
    ofText("preprocessing", 60, [JSON.stringify(PREPROCESS)], async (text) => {
      const preprocess = parsePreprocess(text, "input.json");
      await readSamples([memoryFile("0.png", picture("color.png"))], PICTURES, preprocess);
    }),
  ];
}
