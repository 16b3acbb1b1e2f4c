import { type ModelSource, weightFiles } from "../src/engine/project/index.ts";
import { bytesOf } from "./bytesOf.ts";
import type { OpenStored } from "./fileReader.ts";
import type { PathFile } from "./protocol.ts";

/** Models of at most so many bytes, weights and all, are held in memory whole. */
export const HELD_BYTES = 3 * 2 ** 28;
/** A longer file of a larger model is read in parts. */
const WHOLE_BYTES = 2 ** 26;

export interface FoundModel {
  readonly source: ModelSource;
  /** Bytes of the model with the files that it keeps weights in, where that is more than is held: the weights are left in their files. */
  readonly left: number | null;
}

/**
 * A model and the files that it keeps weights in, which are found by their path below its folder, else by their name alone. Nothing of
 * weights is read yet where they are left. Throws InputError as decoding does, and FileChanged.
 */
export async function findModel(
  file: Blob,
  fileName: string,
  beside: readonly PathFile[],
  open: OpenStored,
  held = HELD_BYTES,
): Promise<FoundModel> {
  const find = finderAmong(beside);
  const read = async (path: string) => {
    const found = find(path);
    return found ? bytesOf(found.file, found.path) : null;
  };
  const whole = async () => ({
    source: { bytes: await bytesOf(file, fileName), fileName, readBeside: read },
    left: null,
  });
  if (file.size + sizeOf(beside) <= held) return whole();
  const bytes = await (file.size > WHOLE_BYTES ? open : bytesOf)(file, fileName);
  const named = new Set(weightFiles({ bytes, fileName }).flatMap((path) => find(path) ?? []));
  const size = file.size + sizeOf([...named]);
  if (size <= held) return whole();
  return {
    source: {
      bytes,
      fileName,
      readBeside: async (path) => {
        const found = find(path);
        return found ? open(found.file, found.path) : null;
      },
    },
    left: size,
  };
}

function finderAmong(files: readonly PathFile[]) {
  return (path: string): PathFile | undefined => {
    const endsIn = (tail: string) => files.find((file) => `/${file.path}`.endsWith(`/${tail}`));
    return endsIn(path) ?? endsIn(path.split("/").at(-1)!);
  };
}

function sizeOf(files: readonly PathFile[]): number {
  return files.reduce((sum, { file }) => sum + file.size, 0);
}
