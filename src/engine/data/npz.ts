import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { arrangements } from "./arrange.ts";
import type { ArrayFile } from "./array.ts";
import { MAGIC_BYTES, sniff } from "./magic.ts";
import type { NamedFile } from "./named.ts";
import { readNpy } from "./npy.ts";
import { sequencesOf } from "./sequences.ts";
import { zipMembers } from "./zip.ts";

/** Opens a .npz file (numpy.savez), of which its directory is read. Throws InputError where it is damaged, or holds anything but arrays. */
export async function readNpz(file: DataFile): Promise<NamedFile> {
  const members = new Map((await zipMembers(file)).map((member) => [member.name, member]));
  const other = [...members.keys()].find((name) => !name.endsWith(".npy"));
  if (other !== undefined || members.size === 0) {
    const what = other === undefined ? "holds no array" : `holds ${other}, which is no array`;
    throw new InputError(`${file.path} ${what}; write it with numpy.savez.`);
  }
  const arrays = new Map<string, Promise<ArrayFile>>();
  const open = async (name: string) => {
    const content = await members.get(`${name}.npy`)!.open();
    if (sniff(await content.read(0, Math.min(MAGIC_BYTES, content.size))) !== "npy") {
      throw new InputError(`${content.path} is no .npy file; write ${file.path} again with numpy.savez.`);
    }
    return readNpy(content);
  };
  const arrayOf = (name: string) => {
    const array = arrays.get(name) ?? open(name);
    arrays.set(name, array);
    return array;
  };
  return {
    kind: "npz",
    file,
    names: [...members.keys()].map((name) => name.slice(0, -".npy".length)),
    samples: async (name, port, type) => arrangements(await arrayOf(name), port, type),
    steps: async (name, port, type) => sequencesOf(await arrayOf(name), port, type),
  };
}
