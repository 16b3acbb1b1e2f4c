import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Download } from "@playwright/test";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { withWeightsBeside } from "../src/engine/onnx/weightsBeside.ts";
import { expect, test } from "./support/app.ts";
import { writeFiles } from "./support/files.ts";
import { goTo, idle, repositoryPath } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const SIDE = 640;
const network = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, SIDE])],
  outputs: ["y"],
  nodes: [
    makeNode("MatMul", ["x", "first"], ["f"], { name: "first" }),
    makeNode("Relu", ["f"], ["r"], { name: "relu" }),
    makeNode("MatMul", ["r", "second"], ["y"], { name: "second" }),
  ],
  constants: { first: noise([SIDE, 2 * SIDE], 1), second: noise([2 * SIDE, SIDE], 2) },
});

/** What a tab holds, as the built worker has it: 768 MiB, and here 1 MB. */
const HELD = "3*2**28";

test(
  "weights of a model that a tab does not hold stay in their file, and what is written is the command line's",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    let lowered = 0;
    await page.context().route("**/engine.worker-*.js", async (route) => {
      const response = await route.fetch();
      const text = await response.text();
      lowered += text.split(HELD).length - 1;
      await route.fulfill({ response, body: text.replace(HELD, "1e6") });
    });
    const { model, parts } = withWeightsBeside(network, "net.onnx_data");
    const files = await writeFiles(testInfo.outputPath("model"), {
      "net.onnx": concat(encodeModel(model)),
      "net.onnx_data": concat(parts),
    });
    await page.goto("/");
    await page.getByTestId("open-model-input").setInputFiles([files["net.onnx"]!, files["net.onnx_data"]!]);
    await expect(page.getByRole("alert")).toContainText(
      "net.onnx takes 6.55 MB with its weights, and a tab holds 1.00 MB",
    );
    await expect(page.getByRole("alert")).toContainText("octet quantize net.onnx --data SAMPLES");
    await expect(page.getByTestId("workbench")).toBeVisible();
    expect(lowered).toBe(1);
    await expect(page.getByTestId("format")).toHaveValue("weights");
    await expect(page.getByTestId("format").locator("option[value=qdq]")).toBeDisabled();
    await page.getByTestId("weight-type").selectOption("uint4");
    await page.getByTestId("block").selectOption("32");
    await idle(page);

    await goTo(page, "export");
    const downloads: Download[] = [];
    page.on("download", (download) => downloads.push(download));
    await page.getByTestId("export").click();
    await expect(page.getByTestId("export-files").locator("tbody tr")).toHaveCount(4);
    await expect.poll(() => downloads.length).toBe(4);

    const out = testInfo.outputPath("terminal");
    const options = ["--format", "weights", "--weights", "u4", "--block", "32", "--out", out];
    await promisify(execFile)(process.execPath, [
      repositoryPath("cli/octet.mjs"),
      "quantize",
      files["net.onnx"]!,
      ...options,
    ]);
    expect(downloads.map((download) => download.suggestedFilename()).sort()).toEqual((await readdir(out)).sort());
    for (const name of ["net.uint4.onnx", "net.recipe.json"]) {
      const download = downloads.find((each) => each.suggestedFilename() === name)!;
      expect(Buffer.compare(await readFile(await download.path()), await readFile(join(out, name))), name).toBe(0);
    }
  },
);
