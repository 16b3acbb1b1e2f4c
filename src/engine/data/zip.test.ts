import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { memoryFile, zipBytes } from "./testing/files.ts";
import { zipMembers } from "./zip.ts";

const TEXT = new TextEncoder().encode("the same words, the same words, the same words");
const FILES = {
  "a.txt": TEXT,
  "sub/b.bin": Uint8Array.of(0, 1, 2, 255),
  "empty/": new Uint8Array(),
  none: new Uint8Array(),
};

async function contents(bytes: Uint8Array) {
  const members = await zipMembers(memoryFile("x.zip", bytes));
  return Promise.all(members.map(async (member) => [member.name, await (await member.open()).read()]));
}

describe.each([0, 6] as const)("an archive at level %d", (level) => {
  const whole = zipBytes(FILES, level);

  it("gives its files and not its folders", async () => {
    expect(await contents(whole)).toEqual(Object.entries(FILES).filter(([name]) => name !== "empty/"));
  });

  it("is read in parts", async () => {
    const [member] = await zipMembers(memoryFile("x.zip", whole));
    const file = await member!.open();
    expect(await file.read(4, 8)).toEqual(TEXT.slice(4, 8));
    expect([file.path, file.size]).toEqual(["x.zip/a.txt", TEXT.length]);
  });

  it("may have anything before and a comment after it that holds no end of its own", async () => {
    const commented = new Uint8Array([...whole, 1, 2, 3]);
    commented[whole.length - 2] = 3;
    expect((await contents(commented)).length).toBe(3);
  });

  it("never gives what it does not hold: any byte that differs is found, or harms nothing", async () => {
    const before = await contents(whole);
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice();
      bytes[at]! ^= 0x55;
      const after = await contents(bytes).catch((error: unknown) => error);
      if (after instanceof Error) expect(after).toBeInstanceOf(InputError);
      else expect(after).toEqual(before);
    }
  });

  it("is refused by name wherever it is cut short", async () => {
    for (let length = 0; length < whole.length; length++) {
      await expect(contents(whole.slice(0, length))).rejects.toThrow(/^x\.zip is a damaged zip archive; copy it again/);
    }
  });
});

it("says of a member what is wrong with it", async () => {
  const refusal = async (edit: (view: DataView, central: number) => void) => {
    const bytes = zipBytes({ "a.txt": TEXT });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    edit(view, view.getUint32(bytes.length - 6, true));
    return contents(bytes).then(
      () => null,
      (error: Error) => error.message,
    );
  };
  expect(await refusal((view, at) => view.setUint16(at + 8, 1, true))).toBe(
    "x.zip/a.txt is encrypted; pack it without a password.",
  );
  expect(await refusal((view, at) => view.setUint16(at + 10, 93, true))).toMatch(
    /compressed by method 93 of zip; pack/,
  );
  expect(await refusal((view) => view.setUint8(40, 0))).toBe(
    "x.zip/a.txt is damaged; copy x.zip again or write it anew.",
  );
});

it("reads sizes and places of 64 bits", async () => {
  const plain = zipBytes({ "a.txt": TEXT });
  const view = new DataView(plain.buffer, plain.byteOffset);
  const start = view.getUint32(plain.length - 6, true);
  const extra = new Uint8Array(28);
  const fields = new DataView(extra.buffer);
  fields.setUint16(0, 1, true);
  fields.setUint16(2, 24, true);
  fields.setBigUint64(4, BigInt(TEXT.length), true);
  fields.setBigUint64(12, BigInt(TEXT.length), true);
  fields.setBigUint64(20, 0n, true);
  const central = plain.slice(start, plain.length - 22);
  const entry = new DataView(central.buffer);
  for (const at of [20, 24, 42]) entry.setUint32(at, 0xffffffff, true);
  entry.setUint16(30, 28, true);
  const end64 = new Uint8Array(56 + 20 + 22);
  const end = new DataView(end64.buffer);
  end.setUint32(0, 0x06064b50, true);
  end.setBigUint64(32, 1n, true);
  end.setBigUint64(40, BigInt(central.length + 28), true);
  end.setBigUint64(48, BigInt(start), true);
  end.setUint32(56, 0x07064b50, true);
  end.setBigUint64(64, BigInt(start + central.length + 28), true);
  end.setUint32(76, 0x06054b50, true);
  end.setUint16(86, 0xffff, true);
  for (const at of [88, 92]) end.setUint32(at, 0xffffffff, true);
  const bytes = new Uint8Array([...plain.slice(0, start), ...central, ...extra, ...end64]);
  expect(await contents(bytes)).toEqual([["a.txt", TEXT]]);
});
