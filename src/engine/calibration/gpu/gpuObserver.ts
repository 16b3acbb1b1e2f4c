import type { GpuTensor } from "../../model/gpu.ts";
import type { Range } from "../../model/range.ts";
import type { Sightings } from "../../numerics/observer.ts";
import { elementCount } from "../../values/dims.ts";
import { seesSeldom } from "../seldom.ts";
import { type Bank, clear, createBanks, readBack, readBanks } from "./banks.ts";
import { createPasses, type Passes } from "./passes.ts";
import { type BindingLimits, cut, type Piece, piecesOf } from "./pieces.ts";
import { EXTENT_WORDS, keyOf, readTable, TABLE_WORDS } from "./table.ts";

const WORD = 4;

/** Of tally.wgsl and rest.wgsl. */
const LANES = 64;
const VALUES_PER_LANE = 32;
/** Of rest.wgsl, which nearly always has nothing to do: fewer lanes find that out sooner. */
const REST_PER_LANE = 256;

/** Words of a piece's parameters. */
const PARAMETERS = 8;
const EVERYTHING: Range = { low: -Infinity, high: Infinity };

/** What is counted: a tensor as it is, or its values clamped. */
export interface Target {
  readonly tensor: string;
  readonly clamp: Range | null;
  /** Whether it is counted in some samples only. */
  readonly seldom?: boolean;
}

export interface ObserverLimits extends BindingLimits {
  /** Samples whose extents are kept before they are fetched. */
  readonly samples: number;
  /** Values of one tensor counted before the counts are fetched; a run may add as many again, and 2^32 are too many. */
  readonly values: number;
}

/** The limits of a device: no buffer, and so no tensor of a run, holds 2^31 values. */
export function limitsOf({ limits }: GPUDevice): ObserverLimits {
  return {
    bindingBytes: limits.maxStorageBufferBindingSize,
    alignment: limits.minStorageBufferOffsetAlignment,
    samples: 1024,
    values: 2 ** 31,
  };
}

interface Placed {
  readonly piece: Piece;
  readonly tensor: GpuTensor;
  readonly target: number;
}

/**
 * Counts float32 tensors where they lie, in the GPU's memory. Its sightings summarize to what Observer makes of the same
 * bytes, element for element. Counters have 32 bits and are fetched before any could overflow.
 */
export class GpuObserver {
  readonly #device: GPUDevice;
  readonly #targets: readonly Target[];
  readonly #limits: ObserverLimits;
  readonly #passes: Passes;
  readonly #banks: readonly Bank[];
  #parameters: GPUBuffer | null = null;
  #extents: GPUBuffer;
  /** The sample of each row of `#extents`; a row has an extent for each target. */
  #samples: number[] = [];
  /** How many values of each target were counted since the last fetch. */
  #values: number[];
  #fetched: Sightings[][];

  /** Rejects with GPUPipelineError when the device does not take the shaders. */
  static async create(device: GPUDevice, targets: readonly Target[], limits = limitsOf(device)): Promise<GpuObserver> {
    return new GpuObserver(device, targets, limits, await createPasses(device));
  }

  private constructor(device: GPUDevice, targets: readonly Target[], limits: ObserverLimits, passes: Passes) {
    this.#device = device;
    this.#targets = targets;
    this.#limits = limits;
    this.#passes = passes;
    this.#banks = createBanks(device, passes, targets.length, limits);
    this.#extents = this.#createExtents(limits.samples);
    this.#values = targets.map(() => 0);
    this.#fetched = targets.map(() => []);
  }

  /** Makes room for a run of so many samples, each of which `add` is then given tensors of. */
  async begin(samples: readonly number[]): Promise<void> {
    const full = this.#values.some((values) => values >= this.#limits.values);
    const rows = this.#extents.size / (this.#rowWords * WORD);
    if (full || this.#samples.length + samples.length > rows) await this.#fetch();
    if (samples.length > rows) {
      this.#extents.destroy();
      this.#extents = this.#createExtents(samples.length);
    }
    this.#samples.push(...samples);
  }

  /**
   * Counts the targets of these tensors, of the samples last given to `begin` joined along the first dimension. It submits
   * its work and does not wait. Throws Error when a tensor's first dimension is not a multiple of the samples.
   */
  add(tensors: ReadonlyMap<string, GpuTensor>, samples: number): void {
    const joined = this.#samples.slice(this.#samples.length - samples);
    const placed = this.#targets.flatMap(({ tensor: name, seldom }, target): Placed[] => {
      const tensor = tensors.get(name);
      if (!tensor) return [];
      const values = valuesOf(name, tensor, samples);
      this.#values[target] = (this.#values[target] as number) + values;
      const pieces = values === 0 ? [] : cut(values / samples, samples, this.#limits);
      const own = seldom ? piecesOf(pieces, (at) => seesSeldom(joined[at]!)) : pieces;
      return own.map((piece) => ({ piece, tensor, target }));
    });
    if (placed.length === 0) return;
    const step = this.#device.limits.minUniformBufferOffsetAlignment;
    const parameters = this.#writeParameters(placed, this.#samples.length - samples, step);
    const groups = placed.map((part) => this.#bind(part, parameters));

    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const overAll = (pipeline: GPUComputePipeline, dispatch: (piece: Piece) => void) => {
      pass.setPipeline(pipeline);
      placed.forEach(({ piece }, i) => {
        pass.setBindGroup(0, groups[i] as GPUBindGroup, [i * step]);
        dispatch(piece);
      });
    };
    overAll(this.#passes.tally, ({ length, samples: rows }) =>
      pass.dispatchWorkgroups(this.#workgroups(length, VALUES_PER_LANE), rows),
    );
    pass.setPipeline(this.#passes.coarsen);
    for (const bank of new Set(placed.map(({ target }) => this.#bankOf(target)))) {
      pass.setBindGroup(0, bank.group);
      pass.dispatchWorkgroups(2 * bank.tables);
    }
    overAll(this.#passes.rest, ({ length, samples: rows }) =>
      pass.dispatchWorkgroups(this.#workgroups(length * rows, REST_PER_LANE)),
    );
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
  }

  /** All that was seen of each target since the last take, in one part or more. */
  async take(): Promise<readonly (readonly Sightings[])[]> {
    await this.#fetch();
    const taken = this.#fetched;
    this.#fetched = this.#targets.map(() => []);
    return taken;
  }

  destroy(): void {
    for (const { buffer } of this.#banks) buffer.destroy();
    this.#extents.destroy();
    this.#parameters?.destroy();
  }

  get #rowWords(): number {
    return Math.max(1, this.#targets.length) * EXTENT_WORDS;
  }

  async #fetch(): Promise<void> {
    const samples = this.#samples;
    if (samples.length === 0 || this.#targets.length === 0) return;
    const rows = await readBack(this.#device, this.#extents, samples.length * this.#rowWords * WORD);
    let target = 0;
    for await (const table of readBanks(this.#device, this.#banks)) {
      const extents = new Uint32Array(samples.length * EXTENT_WORDS);
      samples.forEach((_, row) => {
        const at = row * this.#rowWords + target * EXTENT_WORDS;
        extents.set(rows.subarray(at, at + EXTENT_WORDS), row * EXTENT_WORDS);
      });
      this.#fetched[target]?.push(readTable(table, samples, extents));
      target++;
    }
    clear(this.#device, [this.#extents, ...this.#banks.map(({ buffer }) => buffer)]);
    this.#samples = [];
    this.#values = this.#targets.map(() => 0);
  }

  #bankOf(target: number): Bank {
    return this.#banks.find(({ first, tables }) => target < first + tables) as Bank;
  }

  #createExtents(samples: number): GPUBuffer {
    return this.#device.createBuffer({
      size: samples * this.#rowWords * WORD,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  #writeParameters(placed: readonly Placed[], row: number, step: number): GPUBuffer {
    const words = new Uint32Array((placed.length * step) / WORD);
    placed.forEach(({ piece, target }, i) => {
      const { low, high } = this.#targets[target]?.clamp ?? EVERYTHING;
      const table = (target - this.#bankOf(target).first) * TABLE_WORDS;
      const extent = (row + piece.sample) * this.#rowWords + target * EXTENT_WORDS;
      words.set(
        [piece.start, piece.length, piece.samples, table, extent, this.#rowWords, keyOf(low), keyOf(high)],
        (i * step) / WORD,
      );
    });
    if (!this.#parameters || this.#parameters.size < words.byteLength) {
      this.#parameters?.destroy();
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.#parameters = this.#device.createBuffer({ size: words.byteLength, usage });
    }
    this.#device.queue.writeBuffer(this.#parameters, 0, words);
    return this.#parameters;
  }

  #bind({ piece: { offset, size }, tensor: { buffer }, target }: Placed, parameters: GPUBuffer): GPUBindGroup {
    const resources: GPUBufferBinding[] = [
      { buffer, offset, size },
      { buffer: parameters, size: PARAMETERS * WORD },
      { buffer: this.#bankOf(target).buffer },
      { buffer: this.#extents },
      { buffer: this.#passes.places },
    ];
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    return this.#device.createBindGroup({ layout: this.#passes.layout, entries });
  }

  #workgroups(values: number, perLane: number): number {
    const wanted = Math.ceil(values / (LANES * perLane));
    return Math.min(wanted, this.#device.limits.maxComputeWorkgroupsPerDimension);
  }
}

function valuesOf(name: string, { dims }: GpuTensor, samples: number): number {
  if (samples > 1 && (dims[0] ?? 1) % samples !== 0) {
    const shape = dims.join(", ");
    throw new Error(`"${name}" has the shape [${shape}], which does not divide into the ${samples} samples joined.`);
  }
  return elementCount(dims);
}
