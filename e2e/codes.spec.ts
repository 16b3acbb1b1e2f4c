import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { alikeSamples, perceptron } from "./support/perceptron.ts";
import { downloadZip, goTo, idle, repositoryPath } from "./support/studio.ts";

test("codes are found by GPTQ on samples, and exported as the terminal writes them", async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath("net"), { "net.onnx": perceptron(), "x.npy": alikeSamples(64) });
  await page.goto("/");
  await drop(page, [files["net.onnx"]!, files["x.npy"]!]);
  await idle(page);
  await page.getByTestId("format").selectOption("weights");
  await page.getByTestId("weight-type").selectOption("uint4");
  await page.getByTestId("block").selectOption("32");
  await page.getByTestId("algorithm").selectOption("gptq");
  await expect(page.getByTestId("codes-awaited")).toBeVisible();
  await page.getByTestId("next").click();
  await expect(page.getByTestId("codes-standing")).toContainText("GPTQ: 2 layers found.", { timeout: 60_000 });
  await idle(page);
  for (const row of await page.getByTestId("codes-row").all()) {
    await expect(row.getByRole("cell")).toHaveText([/^[\d,]+$/, /dB$/, /dB$/, /%$/]);
    expect(Number.parseFloat(await row.getByRole("cell").nth(3).innerText())).toBeLessThan(80);
  }
  const made = await downloadZip(page);

  const { "net.recipe.json": recipe } = await writeFiles(testInfo.outputPath("recipe"), {
    "net.recipe.json": made["net.recipe.json"]!,
  });
  const out = testInfo.outputPath("terminal");
  const options = ["quantize", files["net.onnx"]!, "--recipe", recipe!, "--out", out];
  await promisify(execFile)(process.execPath, [repositoryPath("cli/octet.mjs"), ...options]);
  for (const name of ["net.uint4.onnx", "net.recipe.json"]) {
    expect(Buffer.compare(await readFile(join(out, name)), made[name]!)).toBe(0);
  }

  await goTo(page, "tune");
  await page.getByTestId("block").selectOption("16");
  await expect(page.getByTestId("codes-found")).toContainText("Stale");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("codes-adopted")).toBeVisible();
});

test("scales found without data show what they gained, as the report has it, and are stale with other blocks", async ({
  page,
}, testInfo) => {
  const files = await writeFiles(testInfo.outputPath("net"), { "net.onnx": perceptron() });
  await page.goto("/");
  await drop(page, [files["net.onnx"]!]);
  await idle(page);
  await page.getByTestId("format").selectOption("weights");
  await page.getByTestId("weight-type").selectOption("uint4");
  await page.getByTestId("block").selectOption("32");
  await page.getByTestId("refinement-open").click();
  await page.getByTestId("refinement-start").click();
  await expect(page.getByTestId("refinement-standing")).toContainText("Scales of least error, found without data");
  await idle(page);
  await expect(page.getByTestId("refinement-row")).toHaveCount(2);
  await page.getByTestId("block").selectOption("16");
  await expect(page.getByTestId("refinement")).toContainText("Stale");
  await page.getByTestId("block").selectOption("32");
  await expect(page.getByTestId("refinement")).not.toContainText("Stale");
  const rows = await page.getByTestId("refinement-row").all();
  const shown = await Promise.all(rows.map((row) => row.getByRole("cell").allInnerTexts()));
  const made = await downloadZip(page);
  const { refinement } = JSON.parse(new TextDecoder().decode(made["net.report.json"]!));
  const text = (value: number) => `${value.toPrecision(3)} dB`;
  expect(shown.map(([, nearest, refined]) => [nearest, refined])).toEqual(
    refinement.weights.map(({ nearest, refined }: { nearest: number; refined: number }) => [
      text(nearest),
      text(refined),
    ]),
  );
});
