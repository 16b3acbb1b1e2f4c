import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { colourModel, modelBytes, putColours } from "../cli/testing/colours.ts";
import { zipBytes } from "../src/engine/data/testing/files.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { calibrate, downloadZip, evaluate, goTo, idle, SAMPLE_MODEL } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const COLOURS = ["red", "green", "blue"];
const PHOTOS = 24;

test(
  "a zip archive of a folder a class, its labels and a damaged picture among them, is dropped with its model",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    const folder = await putColours(testInfo.outputPath(), "photos", PHOTOS);
    const members: Record<string, Uint8Array> = {};
    const rows = ["file,label"];
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".png"))) {
      const index = Number.parseInt(name, 10);
      const path = `${COLOURS[index % 3]}/${name}`;
      members[`set/${path}`] = readFileSync(join(folder, name));
      rows.push(`${path},${index % 3}`);
    }
    const files = await writeFiles(testInfo.outputPath(), {
      "colours.onnx": modelBytes(colourModel()),
      "photos.zip": zipBytes(
        {
          ...members,
          "set/red/1000.png": members["set/red/0.png"]!.subarray(0, 50),
          "set/labels.csv": new TextEncoder().encode(rows.join("\n")),
          "__MACOSX/set/._0.png": new Uint8Array(9),
        },
        6,
      ),
    });
    await page.goto("/");
    await drop(page, [files["colours.onnx"]!, files["photos.zip"]!]);
    await expect(page.getByTestId("data-samples")).toHaveText(String(PHOTOS + 1));
    await expect(page.getByTestId("data-labelled")).toHaveText(String(PHOTOS));
    await expect(page.getByTestId("preview")).toContainText("photos.zip/set/");
    await idle(page);
    await page.getByTestId("preset").selectOption("unit");

    await calibrate(page, PHOTOS + 1);
    await expect(page.getByTestId("calibration-observed")).toHaveText(`${PHOTOS} of ${PHOTOS + 1}`);
    await expect(page.getByLabel("Notices about the calibration")).toContainText("photos.zip/set/red/1000.png");
    await goTo(page, "data");
    await page.getByTestId("samples").fill("8");
    await page.getByTestId("samples").press("Enter");
    await calibrate(page);
    await evaluate(page);
    await expect(page.getByTestId("result-top1").getByRole("cell").first()).toHaveText("100 %");
    expect(Object.keys(await downloadZip(page))).toContain("colours.int8.onnx");
  },
);

test("an archive without data is refused by name, and what was open stays", async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "notes.zip": zipBytes({ "a/readme.txt": new TextEncoder().encode("nothing here") }),
    "cut.zip": zipBytes({ "a/0.png": new Uint8Array(400) }).subarray(0, 300),
  });
  await page.goto("/");
  await drop(page, [SAMPLE_MODEL]);
  await idle(page);
  for (const name of ["notes.zip", "cut.zip"]) {
    await drop(page, [files[name]!]);
    await expect(page.getByRole("alert")).toContainText(name);
    await expect(page.getByRole("alert").getByText("Details")).toHaveCount(0);
    await page.getByRole("button", { name: "Dismiss" }).first().click();
    await expect(page.getByTestId("model-name")).toHaveText("fashion-mnist-dw.onnx");
  }
});
