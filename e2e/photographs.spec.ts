import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasShared, SHARED, SHARED_TAG } from "../src/engine/testing/shared.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { numberOf } from "./support/figures.ts";
import { calibrate, evaluate, goTo, idle } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const MODEL = join(SHARED, "models/squeezenet1.1.onnx");
const PHOTOGRAPHS = join(SHARED, "data/imagenet-mini");
const TAKEN = 12;

const title = "a network of the field, on photographs: decoded, resized and cropped as the preset says";

test(title, { tag: [`@${SHARED_TAG}`, THOROUGH] }, async ({ page }, testInfo) => {
  test.skip(!hasShared, "needs ../shared");
  const folder = testInfo.outputPath("photographs");
  await mkdir(folder);
  const names = (await readdir(PHOTOGRAPHS)).filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
  for (const name of names.slice(0, TAKEN)) await copyFile(join(PHOTOGRAPHS, name), join(folder, name));

  await page.goto("/");
  await drop(page, [MODEL, folder]);
  await expect(page.getByTestId("data-samples")).toHaveText(String(TAKEN), { timeout: 60_000 });
  await expect(page.getByTestId("preset")).toHaveValue("imagenet");
  await idle(page);
  await calibrate(page, 8);
  await goTo(page, "tune");
  await evaluate(page);
  const sqnr = page.getByTestId("evaluation-result").getByRole("row", { name: "SQNR" }).getByRole("cell").nth(1);
  expect(numberOf(await sqnr.innerText())).toBeGreaterThan(15);
});
