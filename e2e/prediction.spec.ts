import { zipSync } from "fflate";
import { colourModel, modelBytes, putColours } from "../cli/testing/colours.ts";
import { expect, test } from "./support/app.ts";
import { detector, negatives } from "./support/detector.ts";
import { drop } from "./support/drop.ts";
import { grayPng, writeFiles } from "./support/files.ts";
import { calibrate, goTo, idle, SAMPLE_MODEL } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const CLASSES = ["bag", "boot", "coat", "dress", "pullover", "sandal", "shirt", "sneaker", "top", "trouser"];

test(
  "the preview says what the float model answers to the sample in view, and its label, whatever changes",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    const files = await writeFiles(testInfo.outputPath(), { "colours.onnx": modelBytes(colourModel()) });
    const photos = await putColours(testInfo.outputPath(), "photos", 9);
    await page.goto("/");
    await drop(page, [files["colours.onnx"]!, photos]);
    await idle(page);
    const settled = page.locator('[data-testid="prediction"][data-settled="true"]');
    const answer = page.getByTestId("prediction-class");
    const label = page.getByTestId("prediction-label");
    const place = () => page.getByTestId("preview").locator("canvas").first().boundingBox();
    await expect(settled).toContainText("by softmax, of 3");
    const before = await place();
    for (let at = 0; at < 4; at++) {
      await expect(settled).toBeVisible();
      await expect(label).toHaveText(await answer.innerText());
      await page.getByRole("button", { name: "Next" }).click();
    }
    await expect(settled).toBeVisible();
    expect(await place()).toEqual(before);

    while ((await answer.innerText()) !== "class 0") {
      await page.getByRole("button", { name: "Previous" }).click();
      await expect(settled).toBeVisible();
    }
    await page.getByLabel("Colour").selectOption("BGR");
    await expect(answer).toHaveText("class 2");
    await expect(label).toHaveText("class 0");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(answer).toHaveText("class 0");

    await calibrate(page, 6);
    await goTo(page, "data");
    await expect(settled).toBeVisible();
  },
);

test("classes are told by the names of their folders", async ({ page }, testInfo) => {
  const pictures = CLASSES.map((name, at) => [`train/${name}/0.png`, grayPng(28, (x, y) => (x * at + y) % 256)]);
  const { "photos.zip": zip } = await writeFiles(testInfo.outputPath(), {
    "photos.zip": zipSync(Object.fromEntries(pictures)),
  });
  await page.goto("/");
  await drop(page, [SAMPLE_MODEL, zip!]);
  await idle(page);
  await expect(page.getByTestId("preview")).toContainText("photos.zip/train/");
  const [, folder = ""] = /photos\.zip\/train\/(\w+)\//.exec(await page.getByTestId("preview").innerText()) ?? [];
  await expect(page.getByTestId("prediction-label")).toHaveText(`${folder} (class ${CLASSES.indexOf(folder)})`);
  await expect(page.getByTestId("prediction-class")).toHaveText(/^\w+ \(class \d\)$/);
});

test("where outputs are no class scores it is said that there is no prediction", async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), { "detector.onnx": detector(), "images.npy": negatives(6) });
  await page.goto("/");
  await drop(page, [files["detector.onnx"]!, files["images.npy"]!]);
  await idle(page);
  await expect(page.getByTestId("prediction")).toHaveText(
    "The outputs are no class scores, so there is no prediction.",
  );
});
