import type { DataFile, DataSummary, InputSource, ModelInputs } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { Port } from "../model/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";
import { plural } from "../values/figures.ts";
import { arrangements, type SampleFile } from "./arrange.ts";
import type { ArrayFile } from "./array.ts";
import { batchNotice, rowsOf, single as singleRow } from "./batches.ts";
import type { Decoders } from "./decode.ts";
import { assertGiven, describe, type Given, givenInputs, inputSources } from "./given.ts";
import type { NamedFile } from "./named.ts";
import type { Scan } from "./scan.ts";
import { heldAlong, repeatNotice, sequencesOf } from "./sequences.ts";

/** The samples of one input, file by file. */
export interface Column {
  readonly port: Port;
  readonly type: DataType;
  readonly kind: DataSummary["kind"];
  readonly files: readonly SampleFile[];
  /** How many of the files' samples make one of the model, whose batch is fixed. */
  readonly rows: number;
  /** The input as one of the files' samples is for it. */
  readonly each: Port;
}

/**
 * The samples of every input that data feeds, in the order of the model's inputs, as many of each, and where every input gets
 * its values. Throws InputError for files of mixed kinds or of none and for data that does not fit its input, and InputsMissing
 * where it is not told what an input gets.
 */
export async function readColumns(
  scan: Scan,
  files: readonly DataFile[],
  inputs: ModelInputs,
  decoders: Decoders,
): Promise<{
  readonly columns: readonly Column[];
  readonly sources: readonly InputSource[];
  readonly notices: readonly Notice[];
}> {
  const { given, notices } = givenInputs(scan, files, inputs);
  const cut = new Map<NamedFile, Map<Port, SampleFile>>();
  const areSteps = (inputs.states ?? []).length > 0;
  const rows = await Promise.all(given.map((each) => (areSteps ? 1 : rowsOf(each))));
  const single = given.map((each, i) => (rows[i] === 1 ? each : { ...each, port: singleRow(each.port) }));
  for (const several of scan.named) cut.set(several, await readNamed(several, single, areSteps));
  const cuts = single.map((each, i) => ({ ...alternatives(each, files, cut, decoders, areSteps), rows: rows[i]! }));
  const choices = areSteps ? heldAlong(cuts) : cuts;
  assertGiven(inputs, given);
  const [lead, ...others] = choices;
  const pairOf = (leading: readonly SampleFile[], { files: all, rows: at }: (typeof choices)[number]) => {
    const batches = Math.floor(countOf(leading) / lead!.rows);
    return all.find((some) =>
      at === lead!.rows ? countOf(some) === countOf(leading) : Math.floor(countOf(some) / at) === batches,
    );
  };
  const leading = lead!.files.find((some) => others.every((other) => pairOf(some, other)));
  if (!leading) {
    const held = choices.map(({ port, files: [first] }) => `${countOf(first!)} of ${port.name}`);
    throw new InputError(`The data holds ${held.join(" and ")}; give it as many samples of each input.`);
  }
  const columns = choices.map((choice, i): Column => {
    const { port: each, type, kind, rows: at } = choice;
    return { port: given[i]!.port, each, type, kind, files: pairOf(leading, choice)!, rows: at };
  });
  const few = columns.find(({ files: some, rows: at }) => countOf(some) < at);
  if (few) {
    const held = countOf(few.files);
    throw new InputError(
      `The input ${few.port.name} takes ${few.rows} samples at a time, and there ${held === 1 ? "is 1" : `are ${held}`}; add some.`,
    );
  }
  const batches = columns.filter(({ rows: at }) => at > 1);
  const told = batches.map(({ port, rows: at, files: some }) => batchNotice(port, at, countOf(some)));
  const repeating = columns.filter(({ files: [file] }) => file!.repeats).map(({ port }) => repeatNotice(port));
  const sources = inputSources(inputs, given);
  return { columns, sources, notices: [...notices, ...told, ...repeating, ...strangePairs(columns)] };
}

export const countOf = (files: readonly Pick<SampleFile, "count">[]) =>
  files.reduce((sum, { count }) => sum + count, 0);

/** What a file of several inputs holds of each, cut into as many samples. */
async function readNamed(
  several: NamedFile,
  given: readonly Given[],
  areSteps: boolean,
): Promise<Map<Port, SampleFile>> {
  const { path } = several.file;
  const found: (readonly [Port, readonly SampleFile[]])[] = [];
  for (const { port, type, named } of given) {
    const name = named.get(several);
    if (name === undefined) continue;
    found.push([port, areSteps ? [await several.steps(name, port, type)] : await several.samples(name, port, type)]);
  }
  if (areSteps) return new Map(found.map(([port, [file]]) => [port, { ...file!, path }]));
  const [lead, ...others] = found;
  const shared = lead?.[1].find(({ count }) => others.every(([, all]) => all.some((file) => file.count === count)));
  if (lead && !shared) {
    const held = found.map(([port, [file]]) => `${file!.count} of ${port.name}`);
    throw new InputError(`${path} holds ${held.join(" and ")}; give it as many samples of each input.`);
  }
  return new Map(found.map(([port, all]) => [port, { ...all.find(({ count }) => count === shared!.count)!, path }]));
}

/** What an input's data may be cut into, the likeliest first: an array alone may be cut in several ways. */
function alternatives(
  { port, type, images, loose, named }: Given,
  files: readonly DataFile[],
  several: ReadonlyMap<NamedFile, ReadonlyMap<Port, SampleFile>>,
  decoders: Decoders,
  areSteps: boolean,
) {
  const kind = kindOf(images, loose, named, files);
  const about = { port, type, kind };
  if (kind === "images") return { ...about, files: [images.map((file) => imageFile(file, decoders))] };
  if (named.size > 0) return { ...about, files: [[...named.keys()].map((file) => several.get(file)!.get(port)!)] };
  const arranged = loose.map((array): readonly [SampleFile, ...SampleFile[]] =>
    areSteps ? [sequencesOf(array, port, type)] : arrangements(array, port, type),
  );
  const stranger = arranged.find(([file]) => file.holds !== arranged[0]![0].holds);
  if (stranger) {
    const [first] = arranged[0]!;
    throw new InputError(
      `${first.path} holds ${first.holds}, but ${stranger[0].path} ${stranger[0].holds}; give one of them.`,
    );
  }
  return {
    ...about,
    files: arranged.length === 1 ? arranged[0]!.map((file) => [file]) : [arranged.map(([file]) => file)],
  };
}

const LABELS = { images: "images", npy: ".npy files", idx: "IDX files", npz: ".npz files", jsonl: ".jsonl files" };

function kindOf(
  images: readonly DataFile[],
  loose: readonly ArrayFile[],
  named: ReadonlyMap<NamedFile, string>,
  files: readonly DataFile[],
): DataSummary["kind"] {
  const counts = {
    images: images.length,
    npy: loose.filter(({ format }) => format === "npy").length,
    idx: loose.filter(({ format }) => format === "idx").length,
    npz: [...named.keys()].filter((file) => file.kind === "npz").length,
    jsonl: [...named.keys()].filter((file) => file.kind === "jsonl").length,
  };
  const kinds = (["images", "npy", "idx", "npz", "jsonl"] as const).filter((kind) => counts[kind] > 0);
  if (kinds.length === 1) return kinds[0]!;
  const mix = kinds.map((kind) => `${LABELS[kind]} (${counts[kind]})`).join(" and ");
  throw new InputError(`${describe(files)} mixes ${mix}; give it files of one kind.`);
}

function imageFile(file: DataFile, decoders: Decoders): SampleFile {
  return {
    path: file.path,
    count: 1,
    holds: "pictures",
    size: null,
    bytes: () => file.read(),
    read: async () => decoders.decode(await file.read(), file.path),
  };
}

/** Warns where files that go together by their order alone are named apart. */
function strangePairs(columns: readonly Column[]): Notice[] {
  const stem = (path: string) => path.slice(path.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
  const [lead, ...others] = columns.filter(({ files }) => files.length > 1);
  return others.flatMap(({ port, files }): Notice[] => {
    const at = files.findIndex(({ path }, i) => stem(path) !== stem(lead!.files[i]?.path ?? ""));
    if (at < 0) return [];
    const message = `Files go together by their order, and ${plural(files.length, "file")} of ${port.name} are named apart from those of ${lead!.port.name}: ${lead!.files[at]?.path ?? "nothing"} goes with ${files[at]!.path}.`;
    return [{ kind: "warning", subject: files[at]!.path, message }];
  });
}
