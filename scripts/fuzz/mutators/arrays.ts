import { concat } from "../../../src/engine/onnx/encode.ts";
import { HOSTILE_INTEGERS, type Mutator } from "./mutator.ts";
import { mutateRaw } from "./raw.ts";

const HEADER_AT = 10;
const DESCRIPTIONS = ["<f4", ">f8", "|u1", "<i8", "|b1", "<U3", "|O", "<c16", "<f2", "__proto__", "<f16", ""];

/** A .npy file with another shape, type or order in its header. */
export const mutateNpy: Mutator = (bytes, chance, others) => {
  const length = bytes[8]! | (bytes[9]! << 8);
  let header = new TextDecoder().decode(bytes.subarray(HEADER_AT, HEADER_AT + length)).trimEnd();
  const size = () => String(chance.percent(60) ? chance.below(12) : chance.pick(HOSTILE_INTEGERS));
  const way = chance.below(5);
  if (way === 0) header = header.replace(/'descr': '[^']*'/, `'descr': '${chance.pick(DESCRIPTIONS)}'`);
  else if (way === 1) header = header.replace(/True|False/, chance.pick(["True", "False", "1", "None"]));
  else if (way < 4) {
    const dims = Array.from({ length: chance.percent(95) ? chance.below(7) : 40 }, size);
    header = header.replace(/\([^)]*\)/, `(${dims.join(", ")},)`);
  } else header = new TextDecoder().decode(mutateRaw(new TextEncoder().encode(header), chance, others));
  const text = new TextEncoder().encode(`${header}\n`);
  const prefix = bytes.slice(0, HEADER_AT);
  prefix[8] = text.length & 0xff;
  prefix[9] = text.length >> 8;
  return concat([prefix, text, bytes.subarray(HEADER_AT + length)]);
};

/** An IDX file with another type, rank or size in its header. */
export const mutateIdx: Mutator = (bytes, chance) => {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const way = chance.below(6);
  if (way === 0) copy[2] = chance.below(16);
  else if (way === 1) copy[3] = chance.below(8);
  else {
    const at = 4 + 4 * chance.below(copy[3]!);
    const size = chance.percent(50) ? chance.below(12) : Number(BigInt.asUintN(32, chance.pick(HOSTILE_INTEGERS)));
    view.setUint32(at, size);
  }
  return copy;
};
