import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DataFile } from "../src/engine/model/dataset.ts";
import { InputError, type Notice } from "../src/engine/model/job.ts";
import {
  dataOfPart,
  type FamilyPart,
  type FamilyRequest,
  isCarried,
  loneName,
  modelsAmong,
  partsAmong,
} from "../src/engine/project/index.ts";
import { readText, readWhole } from "./files.ts";
import { modelSource } from "./options.ts";

/** A model of a family. */
export interface Part {
  /** What its files are called before what tells them apart. */
  readonly name: string;
  readonly path: string;
}

export interface FamilyFolder {
  readonly parts: readonly Part[];
  /** Where the files are that go with the models. */
  readonly folder: string;
  readonly notices: readonly Notice[];
}

/**
 * The models of a family: a file, or the files of a folder, or of its folder `onnx` where it has none itself; variants of others are
 * left out. Throws InputError where there is none.
 */
export async function familyFolder(path: string): Promise<FamilyFolder> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new InputError(`There is no file ${path}.`);
  if (!info.isDirectory()) {
    const beside = dirname(resolve(path));
    const folder = basename(beside) === "onnx" ? dirname(beside) : beside;
    return { parts: [{ name: loneName(basename(path, ".onnx")), path }], folder, notices: [] };
  }
  const names = [...(await namesIn(path)), ...(await namesIn(join(path, "onnx"))).map((name) => `onnx/${name}`)];
  const models = modelsAmong(names.map((name) => ({ path: name })));
  const { parts, notices } = partsAmong(models, path);
  return {
    parts: parts.map(({ name, file }) => ({ name, path: join(path, file.path) })),
    folder: path,
    notices,
  };
}

/** Parts with what reads them and the samples that are for them. */
export function partsFor(parts: readonly Part[], data: readonly DataFile[] | null): readonly FamilyPart[] {
  return parts.map(({ name, path }) => ({
    name,
    open: () => modelSource(path),
    data: data && dataOfPart(data, name, parts),
  }));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** The files that go with the models. Throws InputError where one cannot be read. */
export async function besideModels(folder: string): Promise<FamilyRequest["beside"]> {
  const names = await readdir(folder);
  const carried = names.filter(isCarried).sort();
  return {
    carried: await Promise.all(carried.map(async (name) => ({ name, chunks: [await readWhole(join(folder, name))] }))),
    config: names.includes("config.json") ? await readText(join(folder, "config.json")) : null,
    where: folder,
  };
}
