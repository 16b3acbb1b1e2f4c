import { wrap } from "comlink";
import type { OutputError } from "../../../src/engine/model/evaluation.ts";
import type { JudgeApi } from "./judge.worker.ts";

function chosen(id: string): File[] {
  return [...(document.querySelector<HTMLInputElement>(`#${id}`)?.files ?? [])];
}

const judge = {
  /** How close the chosen quantized file is to the float one on the chosen samples, both on ONNX Runtime's WASM build. */
  outputs(): Promise<readonly OutputError[]> {
    const worker = new Worker(new URL("./judge.worker.ts", import.meta.url), { type: "module" });
    const [float, quantized] = [chosen("float")[0]!, chosen("quantized")[0]!];
    return wrap<JudgeApi>(worker).outputs(float, quantized, chosen("samples"));
  },
};

export type PageJudge = typeof judge;
Object.assign(window, { judge });
