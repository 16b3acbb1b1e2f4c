import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { ArrayFile } from "./array.ts";
import { MAGIC_BYTES, sniff } from "./magic.ts";
import { readNpy } from "./npy.ts";
import { zipMembers } from "./zip.ts";

/** A .npz file, of which nothing but its directory has been read. */
export interface NpzFile {
  readonly file: DataFile;
  readonly names: readonly string[];
  /** The array of a name there is. Throws InputError where it is damaged. */
  array(name: string): Promise<ArrayFile>;
}

/** Opens a .npz file (numpy.savez). Throws InputError where it is damaged, or holds anything but arrays. */
export async function readNpz(file: DataFile): Promise<NpzFile> {
  const members = new Map((await zipMembers(file)).map((member) => [member.name, member]));
  const other = [...members.keys()].find((name) => !name.endsWith(".npy"));
  if (other !== undefined || members.size === 0) {
    const what = other === undefined ? "holds no array" : `holds ${other}, which is no array`;
    throw new InputError(`${file.path} ${what}; write it with numpy.savez.`);
  }
  return {
    file,
    names: [...members.keys()].map((name) => name.slice(0, -".npy".length)),
    async array(name) {
      const content = await members.get(`${name}.npy`)!.open();
      if (sniff(await content.read(0, Math.min(MAGIC_BYTES, content.size))) !== "npy") {
        throw new InputError(`${content.path} is no .npy file; write ${file.path} again with numpy.savez.`);
      }
      return readNpy(content);
    },
  };
}
