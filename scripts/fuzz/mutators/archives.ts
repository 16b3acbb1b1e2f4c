import { gunzipSync, gzipSync, unzipSync, zipSync } from "fflate";
import { HOSTILE_INTEGERS, HOSTILE_TEXTS, type Mutator } from "./mutator.ts";
import { mutateRaw } from "./raw.ts";

/** Where fields of a header begin and how wide they are (PKWARE's APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16). */
const FIELDS: Readonly<Record<number, readonly (readonly [at: number, width: 2 | 4])[]>> = {
  67324752: [
    [6, 2],
    [8, 2],
    [14, 4],
    [18, 4],
    [22, 4],
    [26, 2],
    [28, 2],
  ],
  33639248: [
    [8, 2],
    [10, 2],
    [16, 4],
    [20, 4],
    [24, 4],
    [28, 2],
    [30, 2],
    [32, 2],
    [42, 4],
  ],
  101010256: [
    [8, 2],
    [10, 2],
    [12, 4],
    [16, 4],
    [20, 2],
  ],
};

/** A gzip file whose content is changed before it is packed, so that checksums hold. */
export function mutateGzip(content: Mutator): Mutator {
  return (bytes, chance, others) => {
    const inner = content(gunzipSync(bytes), chance, []);
    const packed = gzipSync(inner, { mtime: 0 });
    return chance.percent(20) ? mutateRaw(packed, chance, others) : packed;
  };
}

/** A zip archive with a field of one of its headers set, or a member changed or called otherwise before it is packed. */
export function mutateZip(content: Mutator): Mutator {
  return (bytes, chance, others) => {
    if (chance.percent(50)) {
      const copy = bytes.slice();
      const view = new DataView(copy.buffer);
      const headers = Array.from({ length: Math.max(0, copy.length - 3) }, (_, at) => at).filter(
        (at) => view.getUint32(at, true) in FIELDS,
      );
      const header = chance.pick(headers);
      const [at, width] = chance.pick(FIELDS[view.getUint32(header, true)]!);
      const value = Number(BigInt.asUintN(32, chance.pick(HOSTILE_INTEGERS)));
      if (width === 4) view.setUint32(header + at, value, true);
      else view.setUint16(header + at, value & 0xffff, true);
      return copy;
    }
    const members: [string, Uint8Array][] = Object.entries(unzipSync(bytes));
    const at = chance.below(members.length);
    const [name, inner] = members[at]!;
    members[at] = chance.percent(20)
      ? [`${chance.pick(HOSTILE_TEXTS.filter((text) => text.length < 100))}.npy`, inner]
      : [name, content(inner, chance, others)];
    const files: Record<string, Uint8Array> = Object.create(null);
    for (const [path, member] of members) files[path] = member;
    return zipSync(files, { level: chance.pick([0, 6]), mtime: new Date(2026, 0, 1) });
  };
}
