import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { zipSync } from "fflate";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { grayPng, writeFiles } from "./support/files.ts";
import {
  calibrate,
  downloadZip,
  evaluate,
  goTo,
  idle,
  repositoryPath,
  SAMPLE_MODEL,
  SAMPLE_NAME,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const RECIPE = `${SAMPLE_NAME}.recipe.json`;
const CLASSES = ["bag", "boot", "coat", "dress", "pullover", "sandal", "shirt", "sneaker", "top", "trouser"];
const EACH = 4;
const CALIBRATE = 20;

test(
  "a zip of class folders is labelled by them, and calibrates on as many of each, the same as on the command line",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    const pictures = CLASSES.flatMap((name, c) =>
      Array.from({ length: EACH }, (_, i) => {
        const picture = grayPng(28, (x, y) => (x * (c + 1) + y * y * (i + 1)) % 256);
        return [`train/${name}/${i}.png`, picture] as const;
      }),
    );
    const { "photos.zip": zip } = await writeFiles(testInfo.outputPath(), {
      "photos.zip": zipSync(Object.fromEntries(pictures)),
    });
    await page.goto("/");
    await drop(page, [SAMPLE_MODEL, zip!]);
    await expect(page.getByTestId("data-samples")).toHaveText(String(CLASSES.length * EACH));
    await expect(page.getByTestId("data-labelled")).toHaveText(String(CLASSES.length * EACH));
    await expect(page.getByLabel("Notices about the data")).toContainText(
      `10 classes by folder, numbered in the order of their names: ${CLASSES.join(", ")}.`,
    );
    await expect(page.getByTestId("evaluation-samples")).toHaveText(
      "The other 20 evaluate. Taken at random, balanced over 10 class folders, seed 0.",
    );
    await idle(page);
    await calibrate(page, CALIBRATE);
    await goTo(page, "tune");
    await evaluate(page);
    await expect(page.getByTestId("evaluation-result")).toContainText("20 samples, 20 labelled");
    const recipe = JSON.parse(new TextDecoder().decode((await downloadZip(page))[RECIPE]));

    const out = testInfo.outputPath("terminal");
    const octet = repositoryPath("cli/octet.mjs");
    const options = ["--data", zip!, "--samples", String(CALIBRATE), "--bias-correction", "none", "--out", out];
    await promisify(execFile)(process.execPath, [octet, "quantize", SAMPLE_MODEL, ...options]);
    const { seed, prints } = JSON.parse(await readFile(join(out, RECIPE), "utf8"));
    expect(prints).toHaveLength(8 * CALIBRATE);
    expect({ seed: recipe.seed, prints: recipe.prints }).toEqual({ seed, prints });
  },
);
