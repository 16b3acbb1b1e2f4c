import type { Passes } from "./passes.ts";
import type { BindingLimits } from "./pieces.ts";
import { TABLE_WORDS } from "./table.ts";

/** Tables of several targets in one buffer, which one dispatch coarsens. */
export interface Bank {
  /** The target of the first table. */
  readonly first: number;
  readonly tables: number;
  readonly buffer: GPUBuffer;
  readonly group: GPUBindGroup;
}

const TABLE_BYTES = TABLE_WORDS * 4;

/** A bank is read back as a whole, so it is kept well below what a device allows. */
const BANK_BYTES = 64 * 2 ** 20;

export function createBanks(
  device: GPUDevice,
  { bankLayout, places }: Passes,
  targets: number,
  { bindingBytes }: BindingLimits,
): Bank[] {
  const most = Math.max(1, Math.floor(Math.min(BANK_BYTES, bindingBytes) / TABLE_BYTES));
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const banks: Bank[] = [];
  for (let first = 0; first < targets; first += most) {
    const tables = Math.min(most, targets - first);
    const buffer = device.createBuffer({ size: tables * TABLE_BYTES, usage });
    const entries = [buffer, places].map((each, binding) => ({ binding, resource: { buffer: each } }));
    banks.push({ first, tables, buffer, group: device.createBindGroup({ layout: bankLayout, entries }) });
  }
  return banks;
}

/** Each table of the banks in turn; one bank at a time is copied. */
export async function* readBanks(device: GPUDevice, banks: readonly Bank[]): AsyncGenerator<Uint32Array> {
  for (const { buffer, tables } of banks) {
    const words = await readBack(device, buffer, tables * TABLE_BYTES);
    for (let i = 0; i < tables; i++) yield words.subarray(i * TABLE_WORDS, (i + 1) * TABLE_WORDS);
  }
}

/** The first `bytes` of a buffer, once everything submitted before has run. */
export async function readBack(device: GPUDevice, buffer: GPUBuffer, bytes: number): Promise<Uint32Array> {
  const copy = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, bytes);
  device.queue.submit([encoder.finish()]);
  try {
    await copy.mapAsync(GPUMapMode.READ);
    return new Uint32Array(copy.getMappedRange().slice(0));
  } finally {
    copy.destroy();
  }
}

export function clear(device: GPUDevice, buffers: readonly GPUBuffer[]): void {
  const encoder = device.createCommandEncoder();
  for (const buffer of buffers) encoder.clearBuffer(buffer);
  device.queue.submit([encoder.finish()]);
}
