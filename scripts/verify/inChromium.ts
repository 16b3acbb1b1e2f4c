import { fileURLToPath } from "node:url";
import { type ServedBrowser, servePage } from "../bench/browser.ts";
import type { PageJudge } from "./page/main.ts";

/** Arguments of a Chromium with a WebGPU adapter that computes on the processor. */
export const SOFTWARE_ADAPTER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** A Chromium with ONNX Runtime's WASM build, started with arguments; close it in the end. Throws where there is none here. */
export function serveJudge(args: readonly string[] = []): Promise<ServedBrowser> {
  return servePage(fileURLToPath(new URL("page", import.meta.url)), args);
}

/** SQNR of the worst output in dB of a quantized file against the float one, on samples in .npz files, run in Chromium. */
export async function worstInChromium(
  served: ServedBrowser,
  files: { readonly float: string; readonly quantized: string; readonly samples: readonly string[] },
  provider: "wasm" | "webgpu" = "wasm",
): Promise<number> {
  const page = await served.newPage();
  try {
    await page.locator("#float").setInputFiles(files.float);
    await page.locator("#quantized").setInputFiles(files.quantized);
    await page.locator("#samples").setInputFiles([...files.samples]);
    const outputs = await page.evaluate(
      (name) => (window as unknown as { judge: PageJudge }).judge.outputs(name),
      provider,
    );
    return Math.min(...outputs.map(({ sqnr }) => sqnr ?? Number.NEGATIVE_INFINITY));
  } finally {
    await page.close();
  }
}
