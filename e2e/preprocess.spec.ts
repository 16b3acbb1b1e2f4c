import { colourModel, modelBytes, putColours } from "../cli/testing/colours.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { calibrate, evaluate, goTo, idle } from "./support/studio.ts";

test("a wrong preprocessing is found by the labels, and the right one taken with one press", async ({
  page,
}, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), { "colours.onnx": modelBytes(colourModel()) });
  const photos = await putColours(testInfo.outputPath(), "photos", 45);
  await page.goto("/");
  await drop(page, [files["colours.onnx"]!, photos]);
  await expect(page.getByTestId("data-labelled")).toHaveText("45");
  await idle(page);
  const colour = page.getByLabel("Colour");
  await colour.selectOption("BGR");

  const finding = page.getByTestId("tried-preprocesses");
  await page.getByTestId("try-preprocesses").click();
  await expect(finding).toContainText("p < 0.01");
  await idle(page);
  await page.getByTestId("use-preprocess").click();
  await expect(colour).toHaveValue("RGB");
  await expect(finding).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(colour).toHaveValue("BGR");
  await page.getByRole("button", { name: "Redo" }).click();
  await expect(colour).toHaveValue("RGB");

  await page.getByTestId("try-preprocesses").click();
  await expect(finding).toBeVisible();
  await idle(page);
  await expect(page.getByTestId("use-preprocess")).toHaveCount(0);
  await calibrate(page, 15);
  await goTo(page, "tune");
  await evaluate(page);
  await expect(page.getByTestId("result-top1").getByRole("cell").first()).toHaveText("100 %");
});

test("where nothing tells, it is said", async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), { "colours.onnx": modelBytes(colourModel()) });
  const photos = await putColours(testInfo.outputPath(), "photos", 3);
  await page.goto("/");
  await drop(page, [files["colours.onnx"]!, photos]);
  await expect(page.getByTestId("data-labelled")).toHaveText("3");
  await idle(page);
  await page.getByTestId("try-preprocesses").click();
  await expect(page.getByTestId("tried-preprocesses")).toContainText("Cannot tell");
  await expect(page.getByTestId("use-preprocess")).toHaveCount(0);
});
