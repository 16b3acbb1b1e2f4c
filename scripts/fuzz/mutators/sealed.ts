import { ageFile, armored, CHUNK, chunkAs, chunksOf, FEW_ROUNDS, header, plainOf, scryptStanza } from "../age.ts";
import type { Chance } from "../chance.ts";
import { type Mutator, withPartChanged } from "./mutator.ts";
import { mutateRaw } from "./raw.ts";

/** Rounds that no reader may take, and texts that are no number of them. */
const WORKS = [
  ...["0", "1", "3", "9", "21", "22", "30", "31", "32", "63", "64", "255", "1024", "9999", "99999", "4294967298"],
  ...["9".repeat(400), "-1", "+2", "02", "2.0", "2e0", "0x2", "1e3", " 2", "2 ", "٢", "", "NaN", "__proto__"],
];

const STANZAS = [
  "-> X25519 0vqEbF7kXYPHZcpqBgBlVqqkRaYTuQYvQYvQYvQYvQY\nLUfzmxvpLaGfyBshX6SKaphXtJprzXKR1vmaMQnmJTU\n",
  "-> ssh-ed25519 FCsaIA 0vqEbF7kXYPHZcpqBgBlVqqkRaYTuQYvQYvQYvQYvQY\nLUfzmxvpLaGfyBshX6SKaphXtJprzXKR1vmaMQnmJTU\n",
  "-> grease\n\n",
  "-> \n\n",
  "->\n",
  "-> scrypt\n\n",
  `-> scrypt CQkJCQkJCQkJCQkJCQkJCQ ${FEW_ROUNDS} more\n\n`,
  `-> scrypt ${"A".repeat(10_000)} ${FEW_ROUNDS}\n\n`,
  `-> x y\n${`${"A".repeat(64)}\n`.repeat(200)}\n`,
];

const VERSIONS = [
  "age-encryption.org/v2\n",
  "age-encryption.org/v1\r\n",
  "age-encryption.org/v1\n\n",
  "age-encryption.org/\n",
  "\u{feff}age-encryption.org/v1\n",
];

function mutatedHeader(chance: Chance): string {
  const own = scryptStanza();
  const way = chance.below(7);
  if (way < 3) return header(scryptStanza(chance.pick(WORKS)));
  if (way === 3) return header(chance.percent(50) ? own + chance.pick(STANZAS) : chance.pick(STANZAS) + own);
  if (way === 4)
    return header(chance.pick([chance.pick(STANZAS), own.repeat(1 + chance.below(3)), "", own.repeat(2000)]));
  if (way === 5) return header(own, chance.pick(VERSIONS));
  const lines = header(own).split("\n");
  const changed = withPartChanged(lines, chance, (line) => {
    const at = chance.below(line.length + 1);
    return chance.pick([line.slice(0, at), `${line}=`, `${line}\r`, ` ${line}`, line.slice(at), `${line}A`, ""]);
  });
  return changed.join("\n");
}

/** Chunks in other places, marked otherwise, of other lengths, or cut off at and around where one ends. */
function mutatedPayload(plain: Uint8Array, chance: Chance): readonly Uint8Array[] {
  const chunks = chunksOf(plain);
  const last = plain.subarray((chunks.length - 1) * CHUNK);
  const way = chance.below(8);
  if (way === 0) return chunks.slice(0, chance.below(chunks.length + 1));
  if (way === 1) return [...chunks.slice(0, -1), chunkAs(last, chunks.length - 1, false)];
  if (way === 2) return [...chunks, chunkAs(new Uint8Array(chance.below(3)), chunks.length, true)];
  if (way === 3)
    return [
      ...chunks.slice(0, -1),
      chunkAs(last, chunks.length - 1, false),
      chunkAs(new Uint8Array(0), chunks.length, true),
    ];
  if (way === 4)
    return [chunkAs(new Uint8Array(chance.pick([0, 1, CHUNK - 1, CHUNK, CHUNK + 1])), 0, chance.percent(50))];
  if (way === 5)
    return withPartChanged(chunks, chance, (chunk) =>
      chunk.slice(0, Math.max(0, chunk.length - chance.pick([1, 15, 16, 17]))),
    );
  if (way === 6) return [...chunks, chance.pick([chunks[0]!, new Uint8Array(1), new Uint8Array(CHUNK + 16)])];
  const at = Math.max(0, chunks[0]!.length + chance.below(40) - 20);
  return [Uint8Array.from(chunks.flatMap((chunk) => [...chunk])).slice(0, at)];
}

function mutatedArmor(file: Uint8Array, chance: Chance): Uint8Array {
  const text = new TextDecoder().decode(file);
  const [begin, ...rest] = text.trimEnd().split("\n") as [string, ...string[]];
  const [lines, end] = [rest.slice(0, -1), rest.at(-1)!];
  const other = chance.pick([
    [begin, ...lines],
    [begin, ...lines, end, "after"],
    [begin, ...lines.map((line) => `${line}\r`), end],
    [begin, lines.join(""), end],
    [begin, ...lines.map((line) => line.slice(0, -1)), end],
    [begin, ...lines, "====", end],
    [begin, end],
    [begin, "", ...lines, "", end],
    [begin, begin, ...lines, end, end],
    [`${begin} `, ...lines, end],
    [
      begin,
      ...withPartChanged(lines, chance, (line) => line.replace(/./, chance.pick(["=", "-", "_", "\0", "é"]))),
      end,
    ],
    [begin, ...lines.flatMap((line) => Array<string>(500).fill(line)), end],
  ]);
  return new TextEncoder().encode(`${other.join("\n")}\n`);
}

/** An encrypted file whose header, chunks, armor or content is another; `inner` changes what is encrypted. */
export const mutateSealed =
  (inner: Mutator): Mutator =>
  (file, chance, others) => {
    const plain = plainOf(file);
    const isArmored = file[0] === 0x2d;
    const form = (binary: Uint8Array) => (isArmored ? armored(binary) : binary);
    const way = chance.below(10);
    if (way < 4) return form(ageFile(mutatedHeader(chance), chunksOf(plain)));
    if (way < 7) return form(ageFile(header(scryptStanza()), mutatedPayload(plain, chance)));
    if (way === 7 && isArmored) return mutatedArmor(file, chance);
    if (way === 8) return armored(mutateRaw(ageFile(header(scryptStanza()), chunksOf(plain)), chance, others));
    return form(ageFile(header(scryptStanza()), chunksOf(inner(plain, chance, [plain]))));
  };
