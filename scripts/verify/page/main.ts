import { wrap } from "comlink";
import type { OutputError } from "../../../src/engine/model/evaluation.ts";
import type { JudgeApi, JudgedOn } from "./judge.worker.ts";

function chosen(id: string): File[] {
  return [...(document.querySelector<HTMLInputElement>(`#${id}`)?.files ?? [])];
}

const judge = {
  /** How close the chosen quantized file is to the float one on the chosen samples, both on the same provider of ONNX Runtime. */
  outputs(provider: JudgedOn): Promise<readonly OutputError[]> {
    const worker = new Worker(new URL("./judge.worker.ts", import.meta.url), { type: "module" });
    const [float, quantized] = [chosen("float")[0]!, chosen("quantized")[0]!];
    return wrap<JudgeApi>(worker).outputs(provider, float, quantized, chosen("samples"));
  },
};

export type PageJudge = typeof judge;
Object.assign(window, { judge });
