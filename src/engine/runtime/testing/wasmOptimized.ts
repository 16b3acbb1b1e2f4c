import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web/wasm";
import { decodeModel } from "../../onnx/decode.ts";
import { concat, encodeModel } from "../../onnx/encode.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";

const root = new URL("../../../../", import.meta.url);
const dist = new URL("node_modules/onnxruntime-web/dist/", root);
const WASM = new URL("ort-wasm-simd-threaded.wasm", dist);
const SCRIPT = new URL("ort-wasm-simd-threaded.mjs", dist);

/** What the module writes to the file that it takes for opened: it has no file system, and all files are number 0. */
let written: Uint8Array[] = [];

type Imports = Readonly<Record<string, Record<string, unknown>>>;

/** The import that writes to files: it alone ends lines at a zero or a line feed. */
function isWriter(value: unknown): value is (...args: number[]) => number {
  return typeof value === "function" && /\b0===\w+\|\|10===\w+/.test(String(value));
}

async function instantiate(imports: Imports): Promise<WebAssembly.WebAssemblyInstantiatedSource> {
  const [group = "", functions = {}] = Object.entries(imports)[0] ?? [];
  const memory = Object.values(functions).find((value) => value instanceof WebAssembly.Memory);
  const writer = Object.entries(functions).find(([, value]) => isWriter(value));
  if (!writer || !memory) throw new Error("the WASM build writes to files otherwise than it did");
  const [name, original] = writer as [string, (...args: number[]) => number];
  const write = (file: number, parts: number, count: number, total: number): number => {
    if (file !== 0) return original(file, parts, count, total);
    const view = new DataView(memory.buffer);
    let length = 0;
    for (let part = 0; part < count; part++) {
      const start = view.getUint32(parts + 8 * part, true);
      const size = view.getUint32(parts + 8 * part + 4, true);
      written.push(new Uint8Array(memory.buffer).slice(start, start + size));
      length += size;
    }
    view.setUint32(total, length, true);
    return 0;
  };
  const patched = { ...imports, [group]: { ...functions, [name]: write } };
  return WebAssembly.instantiate(await readFile(WASM), patched as WebAssembly.Imports);
}

globalThis.createOrtModule = async (config) => {
  const loaded = await import(SCRIPT.href);
  return loaded.default({
    ...config,
    instantiateWasm(imports: Imports, receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) {
      void instantiate(imports).then(({ instance, module }) => receive(instance, module));
      return {};
    },
  });
};
ort.env.wasm.wasmPaths = { wasm: WASM.href, mjs: new URL("workers/ortEntry.mjs", root).href };
ort.env.wasm.numThreads = 1;

/** What ONNX Runtime Web's WASM build makes of a model by its own optimizations. One at a time. */
export async function wasmOptimizedModel(model: ModelProto): Promise<ModelProto> {
  written = [];
  const options = {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    optimizedModelFilePath: "optimized.onnx",
    logSeverityLevel: 3,
  } as const;
  await ort.InferenceSession.create(concat(encodeModel(model)), options).catch((error: Error) => {
    // All is written by then: there is nothing to close.
    if (!error.message.includes("close file")) throw error;
  });
  return decodeModel(concat(written), "optimized.onnx");
}
