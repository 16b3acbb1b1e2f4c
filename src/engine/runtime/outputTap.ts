import { elementCount } from "../values/dims.ts";

/** What of ONNX Runtime's WASM module (onnxruntime-web/lib/wasm/wasm-types.ts) outputs are read with. Addresses are bytes. */
export interface OrtModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  _OrtFree(address: number): number;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    options: number,
  ): number | Promise<number>;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtReleaseTensor(tensor: number): number;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, address: number, bytes: number): void;
  getValue(address: number, type: "i32" | "*"): number;
  setValue(address: number, value: number, type: "i32" | "*"): void;
}

/** Sees a float32 output where it lies: the view holds for the call alone. */
export type SeeOutput = (name: string, dims: readonly number[], data: Float32Array) => void;

interface Wish {
  readonly names: readonly string[];
  readonly see: SeeOutput;
}

const POINTER = 4;
const FLOAT = 1;

/**
 * Lets a run of onnxruntime-web give more outputs than it copies out of the WASM heap. Copying each into an array of its
 * own costs as much again as running MobileNet, most of it for new memory.
 */
export class OutputTap {
  #wish: Wish | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #names = new Map<string, number>();

  /** Taps a module's runs. */
  into<M extends OrtModule>(module: M): M {
    const run = module._OrtRun;
    module._OrtRun = (...call) => {
      const wish = this.#wish;
      this.#wish = null;
      return wish ? this.#run(module, run, wish, call) : run(...call);
    };
    return module;
  }

  /** Runs one after the other: the module has one main thread, and a wish is for the next run. `see` gets outputs by name. */
  exclusively<T>(run: () => Promise<T>, names: readonly string[] = [], see: SeeOutput = () => undefined): Promise<T> {
    const result = this.#queue.then(() => {
      this.#wish = names.length > 0 ? { names, see } : null;
      return run();
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #run(
    module: OrtModule,
    run: OrtModule["_OrtRun"],
    { names, see }: Wish,
    [session, inputNames, inputs, inputCount, outputNames, outputCount, outputs, options]: Parameters<
      OrtModule["_OrtRun"]
    >,
  ): Promise<number> {
    const all = outputCount + names.length;
    const wanted = module._malloc((2 * all + 4) * POINTER);
    const given = wanted + all * POINTER;
    const described = given + all * POINTER;
    const copy = (from: number, to: number, i: number) =>
      module.setValue(to + i * POINTER, module.getValue(from + i * POINTER, "*"), "*");
    for (let i = 0; i < all; i++) {
      if (i < outputCount) {
        copy(outputNames, wanted, i);
        copy(outputs, given, i);
      } else {
        module.setValue(wanted + i * POINTER, this.#nameOf(module, names[i - outputCount] as string), "*");
        module.setValue(given + i * POINTER, 0, "*");
      }
    }
    try {
      const code = await run(session, inputNames, inputs, inputCount, wanted, all, given, options);
      if (code !== 0) return code;
      for (let i = 0; i < outputCount; i++) copy(given, outputs, i);
      const tensors = names.map((_, i) => module.getValue(given + (outputCount + i) * POINTER, "*"));
      try {
        names.forEach((name, i) => {
          show(module, name, tensors[i] as number, described, see);
        });
      } finally {
        for (const tensor of tensors) module._OrtReleaseTensor(tensor);
      }
      return code;
    } finally {
      module._free(wanted);
    }
  }

  #nameOf(module: OrtModule, name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const bytes = module.lengthBytesUTF8(name) + 1;
    const address = module._malloc(bytes);
    module.stringToUTF8(name, address, bytes);
    this.#names.set(name, address);
    return address;
  }
}

function show(module: OrtModule, name: string, tensor: number, at: number, see: SeeOutput): void {
  const code = module._OrtGetTensorData(tensor, at, at + POINTER, at + 2 * POINTER, at + 3 * POINTER);
  if (code !== 0) throw new Error(`ONNX Runtime does not give "${name}".`);
  const [type, data, shape, rank] = [0, 1, 2, 3].map((i) =>
    module.getValue(at + i * POINTER, i % 3 === 0 ? "i32" : "*"),
  );
  const dims = Array.from({ length: rank as number }, (_, i) =>
    module.getValue((shape as number) + i * POINTER, "i32"),
  );
  module._OrtFree(shape as number);
  const size = elementCount(dims);
  if (type === FLOAT) see(name, dims, new Float32Array(module.HEAPU8.buffer, data as number, size));
}
