import {
  type DataFile,
  type DataSummary,
  type InputSource,
  InputsMissing,
  type ModelInputs,
} from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { likelyNext } from "../model/stateNames.ts";
import type { Port } from "../model/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";
import { firstOf } from "../values/figures.ts";
import type { ArrayFile } from "./array.ts";
import { fillingOf, hasMeaning } from "./meanings.ts";
import type { NamedFile } from "./named.ts";
import type { Scan } from "./scan.ts";

/** What one input is given. */
export interface Given {
  readonly port: Port;
  readonly type: DataType;
  readonly images: DataFile[];
  readonly loose: ArrayFile[];
  /** Under which name each file of several inputs holds it. */
  readonly named: Map<NamedFile, string>;
}

/** A file that names no input, and how an input is given it. */
interface Loose {
  readonly file: DataFile;
  give(given: Given): void;
}

/**
 * Sorts files by the input that they are for, in the order of the model's inputs: those that a person names, which stand above
 * all others, arrays named like an input, and the rest for the one input that is left. Throws InputError where that is none,
 * and InputsMissing where it is several.
 */
export function givenInputs(
  scan: Scan,
  files: readonly DataFile[],
  inputs: ModelInputs,
): { readonly given: readonly Given[]; readonly notices: readonly Notice[] } {
  const { open } = inputs;
  if (open.length === 0) throw new InputError(unreachable(inputs));
  const all = new Map(open.map((port) => [port.name, emptyOf(port)]));
  const notices: Notice[] = [];
  const rest: Loose[] = [];
  const isNamed = open.length + inputs.held.length > 1;
  const chosen = chosenFiles(scan);

  const sort = (file: DataFile, name: string | null, give: (given: Given) => void) => {
    const target = file.input ?? name;
    if (target === null) return rest.push({ file, give });
    if (file.input === undefined && chosen.has(target)) return notices.push(unused(file, outdone(target, chosen)));
    const given = all.get(target);
    if (given) return give(given);
    if (file.input !== undefined) throw new InputError(refusal(file.input, file.path, inputs));
    return notices.push(unused(file, `the input ${name} is held at a value`));
  };
  const nameOf = ({ path }: DataFile) => (isNamed ? inputIn(path, inputs) : null);
  for (const file of scan.images) sort(file, null, ({ images }) => images.push(file));
  for (const array of scan.arrays) sort(array.file, nameOf(array.file), ({ loose }) => loose.push(array));
  for (const several of scan.named) sortNamed(several, inputs, all, chosen, notices, rest);

  if (rest.length > 0) {
    const target = lone([...all.values()]);
    if (!target) {
      const empty = open.filter(({ name }) => isEmpty(all.get(name)!));
      if (empty.length === 0) throw new InputError(superfluous(rest[0]!.file));
      throw new InputsMissing(ungiven(empty, inputs), inputSources(inputs, [...all.values()]));
    }
    for (const { give } of rest) give(target);
  }
  const given = [...all.values()].filter((each) => !isEmpty(each));
  if (given.length === 0) {
    throw new InputError(
      `${describe(files)} holds no images, .npy, .npz, .jsonl or IDX files; give it some of one kind.`,
    );
  }
  return { given, notices };
}

/** Throws InputsMissing where an input is neither given nor filled by what it means. */
export function assertGiven(inputs: ModelInputs, given: readonly Given[]): void {
  const fed = [...given, ...(inputs.states ?? [])].map(({ port }) => port);
  const missing = inputs.open.filter((port) => !fed.includes(port) && fillingOf(port, fed) === null);
  if (missing.length > 0) throw new InputsMissing(ungiven(missing, inputs), inputSources(inputs, given));
}

/** Where each input gets its values; what is filled, once all that is left to give is given. */
export function inputSources(
  { open, held, states = [] }: ModelInputs,
  given: readonly Given[],
): readonly InputSource[] {
  const fed = open.filter((port) => given.some((each) => each.port === port && !isEmpty(each)));
  const toCome = open.filter((port) => !fed.includes(port) && !hasMeaning(port));
  const carried = states.map(({ port }) => port);
  const sources = open.map((port): InputSource => {
    const { name } = port;
    if (fed.includes(port)) return { name, from: "data", ...dataOf(given.find((each) => each.port === port)!) };
    const filling = fillingOf(port, [...fed, ...toCome, ...carried]);
    return filling === null ? { name, from: "nothing" } : { name, from: "filled", filling };
  });
  return [
    ...sources,
    ...states.map(({ port, output }): InputSource => ({ name: port.name, from: "state", output: output.name })),
    ...held.map(({ port, value }): InputSource => ({ name: port.name, from: "held", value })),
  ];
}

function dataOf({ images, loose, named }: Given) {
  const all: readonly (readonly [DataSummary["kind"], DataFile, string | null])[] = [
    ...images.map((file) => ["images", file, null] as const),
    ...loose.map(({ format, file }) => [format, file, null] as const),
    ...[...named].map(([{ kind, file }, name]) => [kind, file, name] as const),
  ];
  const [kind, { path }, array] = all[0]!;
  return { kind, path, files: all.length, array };
}

export function unshapedMessage({ name }: Port): string {
  return `The model does not say what shape its input ${name} has, not even how many dimensions; give the shape of a sample, for example --shape ${name}=1x3x224x224.`;
}

/** How messages call a set of files. */
export function describe(files: readonly DataFile[]): string {
  if (files.length === 0) return "The data";
  if (files.length === 1) return files[0]!.path;
  const folders = files.map((file) => file.path.split("/").slice(0, -1));
  const shared = folders[0]!.findIndex((part, i) => folders.some((folder) => folder[i] !== part));
  const folder = (shared < 0 ? folders[0]! : folders[0]!.slice(0, shared)).join("/");
  return folder ? `The folder ${folder}` : "The set of files";
}

function emptyOf(port: Port): Given {
  const { name, type } = port;
  if (port.unshaped) throw new InputError(unshapedMessage(port));
  if (type === "other") {
    throw new InputError(`Input "${name}" takes no numbers, so data cannot be brought to it; use another model.`);
  }
  return { port, type, images: [], loose: [], named: new Map() };
}

const isEmpty = ({ images, loose, named }: Given) => images.length + loose.length + named.size === 0;

/** The one input that is left for what names none; null where there is none, or several. */
function lone(all: readonly Given[]): Given | null {
  if (all.length === 1) return all[0]!;
  const left = all.filter((given) => isEmpty(given) && !hasMeaning(given.port));
  return left.length === 1 ? left[0]! : null;
}

/** The input that an array's file, or a folder that it is in, is named like; null for none. */
function inputIn(path: string, { open, held }: ModelInputs): string | null {
  const names = new Set([...open, ...held.map(({ port }) => port)].map(({ name }) => name));
  const [file = "", ...folders] = path.split("/").reverse();
  return [file.replace(/(\.npy|\.idx)?(\.gz)?$/i, ""), ...folders].find((part) => names.has(part)) ?? null;
}

/** By input, the first file that a person names it for. */
function chosenFiles({ images, arrays, named }: Scan): ReadonlyMap<string, DataFile> {
  const files = [...images, ...arrays.map(({ file }) => file), ...named.map(({ file }) => file)];
  return new Map(files.flatMap((file) => (file.input === undefined ? [] : [[file.input, file] as const])).reverse());
}

function outdone(name: string, chosen: ReadonlyMap<string, DataFile>): string {
  return `the input ${name} is given ${chosen.get(name)!.path}`;
}

function sortNamed(
  several: NamedFile,
  inputs: ModelInputs,
  all: ReadonlyMap<string, Given>,
  chosen: ReadonlyMap<string, DataFile>,
  notices: Notice[],
  rest: Loose[],
): void {
  const { file, names } = several;
  const alone = names.length === 1 ? names[0]! : null;
  if (file.input !== undefined) {
    const given = all.get(file.input);
    if (!given) throw new InputError(refusal(file.input, file.path, inputs));
    const name = names.includes(file.input) ? file.input : alone;
    if (name === null) throw new InputError(`${file.path} has nothing named ${file.input}, but ${firstOf(names)}.`);
    given.named.set(several, name);
    return;
  }
  const matched = names.filter((name) => all.has(name));
  const free = matched.filter((name) => !chosen.has(name));
  if (matched.length === 0 && alone !== null) {
    rest.push({ file, give: ({ named }) => named.set(several, alone) });
    return;
  }
  if (matched.length === 0) {
    const wanted = inputs.open.map(({ name }) => name).join(", ");
    throw new InputError(
      `${file.path} holds ${firstOf(names)}, and none is an input that takes data (${wanted}); name what it holds like the inputs.`,
    );
  }
  const lacking = [...all.values()].find(
    ({ port, named }) => named.size > 0 && !chosen.has(port.name) && !matched.includes(port.name),
  );
  if (lacking) {
    throw new InputError(`${file.path} has nothing named ${lacking.port.name}, as other files have; add it.`);
  }
  for (const name of free) all.get(name)!.named.set(several, name);
  const held = new Set(inputs.held.map(({ port }) => port.name));
  for (const name of names.filter((each) => !free.includes(each))) {
    const why = chosen.has(name)
      ? outdone(name, chosen)
      : held.has(name)
        ? `the input ${name} is held at a value`
        : "the model has no input of that name";
    notices.push(unused({ path: `${file.path}/${name}` }, why));
  }
}

function unused({ path }: Pick<DataFile, "path">, why: string): Notice {
  return { kind: "warning", subject: path, message: `${path} is not used: ${why}.` };
}

function unreachable({ held }: ModelInputs): string {
  return held.length > 0
    ? "Every input of the model is held at a value, so no data can reach it."
    : "The model has no inputs, so no data can reach it.";
}

function refusal(name: string, path: string, { open, held }: ModelInputs): string {
  if (held.some(({ port }) => port.name === name)) {
    return `The input ${name} is held at a value and given ${path} as well; leave one of them out.`;
  }
  const names = [...open, ...held.map(({ port }) => port)].map((port) => port.name).join(", ");
  return `The model has no input named ${name}; its inputs are ${names}.`;
}

function superfluous({ path }: DataFile): string {
  return `${path} names no input, and every input has its data without it; leave it out, or say which input it is for.`;
}

function ungiven(ports: readonly Port[], { outputs = [] }: ModelInputs): string {
  const names = ports.map(({ name }) => name).join(", ");
  const what = ports.length === 1 ? `what the input ${names} gets` : `what each of the inputs ${names} gets`;
  const ways =
    "give it by name (NAME=PATH, or a .npz or .jsonl file with these names), or hold it at a value (NAME=VALUE)";
  const links = ports.flatMap((port) => {
    const next = likelyNext(port, outputs);
    return next === null ? [] : [`--state ${next}=${port.name}`];
  });
  const more = links.length > 2 ? " and so on" : "";
  const state =
    links.length > 0 ? `, or feed it from an output of the step before: ${links.slice(0, 2).join(" ")}${more}` : "";
  return `The data does not say ${what}; ${ways}${state}.`;
}
