import { concat } from "../../../src/engine/onnx/encode.ts";
import type { Chance } from "../chance.ts";
import { HOSTILE_INTEGERS, type Mutator } from "./mutator.ts";

type Change = (bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]) => Uint8Array;

function written(bytes: Uint8Array, at: number, write: (view: DataView, at: number) => void): Uint8Array {
  const copy = bytes.slice();
  write(new DataView(copy.buffer), at);
  return copy;
}

function span(length: number, chance: Chance): readonly [start: number, end: number] {
  const start = chance.below(length);
  return [start, Math.min(length, start + 1 + chance.below(chance.percent(50) ? 4 : 64))];
}

const flipBit: Change = (bytes, chance) => {
  return written(bytes, chance.below(bytes.length), (view, at) =>
    view.setUint8(at, view.getUint8(at) ^ (1 << chance.below(8))),
  );
};

const setByte: Change = (bytes, chance) => {
  return written(bytes, chance.below(bytes.length), (view, at) => view.setUint8(at, chance.below(256)));
};

const setInteger: Change = (bytes, chance) => {
  const width = chance.pick([2, 4, 8]);
  if (bytes.length < width) return setByte(bytes, chance, []);
  const value = chance.pick(HOSTILE_INTEGERS);
  const isLittle = chance.percent(60);
  return written(bytes, chance.below(bytes.length - width + 1), (view, at) => {
    if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value)), isLittle);
    else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), isLittle);
    else view.setBigUint64(at, BigInt.asUintN(64, value), isLittle);
  });
};

const leaveOut: Change = (bytes, chance) => {
  const [start, end] = span(bytes.length, chance);
  return concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

const double: Change = (bytes, chance) => {
  const [start, end] = span(bytes.length, chance);
  return concat([bytes.subarray(0, end), bytes.subarray(start)]);
};

const insert: Change = (bytes, chance) => {
  const at = chance.below(bytes.length + 1);
  const more = Uint8Array.from({ length: 1 + chance.below(16) }, () => chance.below(256));
  return concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
};

const cut: Change = (bytes, chance) => bytes.slice(0, chance.below(bytes.length));

const splice: Change = (bytes, chance, others) => {
  const other = others.length > 0 ? chance.pick(others) : bytes;
  return concat([bytes.subarray(0, chance.below(bytes.length + 1)), other.subarray(chance.below(other.length + 1))]);
};

const CHANGES = [flipBit, flipBit, setByte, setByte, setInteger, setInteger, leaveOut, double, insert, cut, splice];

/** Bytes changed without a thought of what they mean, once to four times. */
export const mutateRaw: Mutator = (bytes, chance, others) => {
  let changed = bytes;
  for (let times = 1 + chance.below(4); times > 0; times--) {
    changed = changed.length === 0 ? insert(changed, chance, others) : chance.pick(CHANGES)(changed, chance, others);
  }
  return changed;
};
