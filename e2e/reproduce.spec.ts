import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import {
  calibrate,
  calibrated,
  downloadZip,
  goTo,
  openSample,
  repositoryPath,
  SAMPLE_MODEL,
  SAMPLE_NAME,
  selectLayer,
} from "./support/studio.ts";

const MODEL = `${SAMPLE_NAME}.int8.onnx`;
const RECIPE = `${SAMPLE_NAME}.recipe.json`;
const CACHE = `${SAMPLE_NAME}.calibration.json`;

test("recipe and calibration cache give the same model again, in another profile and on the command line", async ({
  page,
  otherPage,
}, testInfo) => {
  await openSample(page);
  await calibrate(page, 40);
  await goTo(page, "tune");
  await selectLayer(page, "input image");
  await page.getByTestId("range-high").fill("1.5");
  await page.getByTestId("range-high").press("Enter");
  await selectLayer(page, "/block4/Add");
  await page.getByTestId("method-entropy").click();
  await expect(page.getByTestId("tensor-method")).toHaveValue("entropy");
  await page.locator('[data-layer="/block2/pw/conv/Conv"]').getByRole("button", { name: "int8" }).click();
  await expect(page.locator('[data-layer="/block2/pw/conv/Conv"]')).toContainText("in float");
  const first = await downloadZip(page);
  const recipe = JSON.parse(new TextDecoder().decode(first[RECIPE]));
  expect(recipe.ranges).toEqual({ image: { low: expect.any(Number), high: 1.5 } });
  expect(recipe.methods).toEqual({ "/block4/Add_output_0": "entropy" });
  expect(recipe.float.layers).toEqual(["/block2/pw/conv/Conv"]);

  const files = await writeFiles(testInfo.outputPath("first"), { [RECIPE]: first[RECIPE]!, [CACHE]: first[CACHE]! });
  await otherPage.goto("/");
  await drop(otherPage, [SAMPLE_MODEL, files[RECIPE]!, files[CACHE]!]);
  await calibrated(otherPage);
  const second = await downloadZip(otherPage);
  expect(Buffer.compare(second[MODEL]!, first[MODEL]!)).toBe(0);
  expect(Buffer.compare(second[CACHE]!, first[CACHE]!)).toBe(0);
  expect(Buffer.compare(second[RECIPE]!, first[RECIPE]!)).toBe(0);

  await otherPage.getByTestId("method").selectOption("minmax");
  await drop(otherPage, [files[CACHE]!, files[RECIPE]!]);
  await expect(otherPage.getByTestId("method")).toHaveValue("auto");
  await calibrated(otherPage);
  const third = await downloadZip(otherPage);
  expect(Buffer.compare(third[MODEL]!, first[MODEL]!)).toBe(0);

  const out = testInfo.outputPath("terminal");
  const octet = repositoryPath("cli/octet.mjs");
  const options = ["--cache", files[CACHE]!, "--recipe", files[RECIPE]!, "--out", out];
  await promisify(execFile)(process.execPath, [octet, "quantize", SAMPLE_MODEL, ...options]);
  expect(await readdir(out)).toHaveLength(7);
  expect(Buffer.compare(await readFile(join(out, MODEL)), first[MODEL]!)).toBe(0);
  expect(Buffer.compare(await readFile(join(out, CACHE)), first[CACHE]!)).toBe(0);
});
