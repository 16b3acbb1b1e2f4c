import { readdirSync } from "node:fs";
import { join } from "node:path";
import { colourModel, modelBytes, putColours } from "../cli/testing/colours.ts";
import { hasShared, SHARED, SHARED_TAG } from "../src/engine/testing/shared.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { calibrate, downloadZip, evaluate, goTo, idle, logEntries } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("a preprocessing found wrong: what was assumed is caught by itself, judges nothing, and the right one is one press", async ({
  page,
}, testInfo) => {
  const blueFirst = colourModel({ classes: [2, 1, 0] });
  const files = await writeFiles(testInfo.outputPath(), { "colours.onnx": modelBytes(blueFirst) });
  const photos = await putColours(testInfo.outputPath(), "photos", 45);
  await page.goto("/");
  await drop(page, [files["colours.onnx"]!, photos]);
  await expect(page.getByTestId("tried-preprocesses")).toContainText("p < 0.01");
  await expect(page.getByTestId("use-preprocess")).toBeVisible();
  expect((await logEntries(page))[0]).toContain("The float model answers better with");
  await page.getByTestId("log-toggle").click();

  await calibrate(page, 15);
  await goTo(page, "tune");
  const warning = page.getByTestId("preprocess-warning");
  await expect(warning).toContainText("The float model answers better with");
  await evaluate(page);
  await expect(page.getByTestId("verdict")).toContainText("No verdict: the labels speak against the preprocessing");
  await expect(page.getByLabel("What stands against the verdict")).toContainText("The limit was not judged");
  await expect(page.getByTestId("results")).not.toContainText("pass");
  const report = new TextDecoder().decode((await downloadZip(page))["colours.report.html"]);
  expect(report).toContain("Accuracy was measured, and not judged");

  await goTo(page, "tune");
  await warning.getByTestId("use-preprocess").click();
  await expect(warning).toHaveCount(0);
  await calibrate(page);
  await evaluate(page);
  await expect(page.getByTestId("result-top1").getByRole("cell").first()).toHaveText("100 %");
  await expect(page.getByTestId("verdict")).toContainText("pass");
  await goTo(page, "data");
  await expect(page.getByLabel("Colour")).toHaveValue("BGR");
  await expect(page.getByTestId("use-preprocess")).toHaveCount(0);
});

test(
  "a preprocessing that a person chose is compared as well, and changing it can be undone",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    const files = await writeFiles(testInfo.outputPath(), { "colours.onnx": modelBytes(colourModel()) });
    const photos = await putColours(testInfo.outputPath(), "photos", 45);
    await page.goto("/");
    await drop(page, [files["colours.onnx"]!, photos]);
    await expect(page.getByTestId("data-labelled")).toHaveText("45");
    await idle(page);
    const colour = page.getByLabel("Colour");
    const use = page.getByTestId("use-preprocess");
    await expect(page.getByTestId("tried-preprocesses")).toBeVisible();
    await expect(use).toHaveCount(0);
    await colour.selectOption("BGR");
    await use.click();
    await expect(colour).toHaveValue("RGB");
    await expect(page.getByTestId("tried-preprocesses")).toBeVisible();
    await expect(use).toHaveCount(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(colour).toHaveValue("BGR");
    await expect(use).toBeVisible();
    await page.getByRole("button", { name: "Redo" }).click();
    await expect(colour).toHaveValue("RGB");
    await expect(use).toHaveCount(0);
  },
);

test("labels that are off by one are told, and judge nothing", async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "colours.onnx": modelBytes(colourModel({ background: true })),
  });
  const photos = await putColours(testInfo.outputPath(), "photos", 45);
  await page.goto("/");
  await drop(page, [files["colours.onnx"]!, photos]);
  await idle(page);
  await calibrate(page, 15);
  await goTo(page, "tune");
  await evaluate(page);
  await expect(page.getByTestId("preprocess-warning")).toContainText("The labels seem to be off by one: with 1 added");
  await expect(page.getByTestId("verdict")).toContainText("No verdict");
  await page.getByTestId("limit").fill("100");
  await page.getByTestId("limit").press("Enter");
  await expect(page.getByTestId("verdict")).toContainText("No verdict");
});

test("where nothing tells, it is said quietly", { tag: THOROUGH }, async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), { "colours.onnx": modelBytes(colourModel()) });
  const photos = await putColours(testInfo.outputPath(), "photos", 3);
  await page.goto("/");
  await drop(page, [files["colours.onnx"]!, photos]);
  await expect(page.getByTestId("data-labelled")).toHaveText("3");
  await expect(page.getByTestId("tried-preprocesses")).toContainText("Cannot tell");
  await expect(page.getByTestId("tried-preprocesses")).toHaveClass("muted");
  await expect(page.getByTestId("use-preprocess")).toHaveCount(0);
  expect((await logEntries(page)).filter((entry) => entry.includes("Cannot tell"))).toEqual([]);
});

test("without labels the sharpness of answers gives a hint", { tag: [`@${SHARED_TAG}`, THOROUGH] }, async ({
  page,
}) => {
  test.skip(!hasShared, "needs ../shared");
  const folder = join(SHARED, "data/imagenet-mini");
  const photographs = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".jpg"),
  );
  await page.goto("/");
  await drop(page, [join(SHARED, "models/mobilenet_v1_0.75_224.onnx")]);
  await idle(page);
  await drop(
    page,
    photographs.slice(0, 40).map((name) => join(folder, name)),
  );
  await expect(page.getByTestId("data-samples")).toHaveText("40");
  await expect(page.getByTestId("tried-preprocesses")).toContainText("A hint and no more", { timeout: 120_000 });
  await page.getByTestId("use-preprocess").click();
  await expect(page.getByTestId("preset")).toHaveValue("imagenet-tf");
  await expect(page.getByTestId("tried-preprocesses")).toHaveCount(0);
  await expect(page.getByTestId("comparing-preprocesses")).toHaveCount(0);
});
