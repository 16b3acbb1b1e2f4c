import { dataOfPart, isCarried, modelsAmong, partsAmong } from "../job/familyFiles.ts";
import type { ModelSource } from "../job/source.ts";
import type { DataFile } from "../model/dataset.ts";
import type { Notice } from "../model/job.ts";
import type { FamilyPart, FamilyRequest } from "./family.ts";

export interface FamilyFolder extends Pick<FamilyRequest, "parts" | "beside"> {
  readonly notices: readonly Notice[];
}

/**
 * What a folder holds of a family, by its files, whose paths begin with its name, as a drop gives them: its models, each with the samples that are for it, and what goes along. `data` is null where
 * there is none. Throws InputError where there is no model.
 */
export async function familyAmong(files: readonly DataFile[], data: readonly DataFile[] | null): Promise<FamilyFolder> {
  const where = files[0]?.path.includes("/") ? files[0].path.split("/")[0]! : "the folder";
  const below = files.map(({ path, size, read }) => ({ path: path.slice(path.indexOf("/") + 1), size, read }));
  const { parts, notices } = partsAmong(modelsAmong(below), where);
  const carried = below.filter(({ path }) => isCarried(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const config = below.find(({ path }) => path === "config.json");
  return {
    parts: parts.map(
      ({ name, file }): FamilyPart => ({
        name,
        open: () => sourceAmong(file, below),
        data: data && dataOfPart(data, name, parts),
      }),
    ),
    beside: {
      carried: await Promise.all(carried.map(async ({ path, read }) => ({ name: path, chunks: [await read()] }))),
      config: config ? new TextDecoder().decode(await config.read()) : null,
      where,
    },
    notices,
  };
}

/** A model with the files beside it, below its own folder. */
async function sourceAmong(file: DataFile, files: readonly DataFile[]): Promise<ModelSource> {
  const folder = file.path.slice(0, file.path.lastIndexOf("/") + 1);
  return {
    bytes: await file.read(),
    fileName: file.path.slice(folder.length),
    readBeside: async (path) => {
      const found = files.find((each) => each.path === `${folder}${path}`);
      return found ? found.read() : null;
    },
  };
}
