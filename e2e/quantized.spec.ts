import { npyBytes } from "../src/engine/data/testing/files.ts";
import { noise } from "../src/engine/onnx/testing/build.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { floatModel, quantizedModel } from "./support/product.ts";
import { stored } from "./support/storage.ts";
import { calibrate, evaluate, goTo, idle, logEntries } from "./support/studio.ts";

test("a quantized model opens by itself; beside its float model it is matched, judged and walked through, and its recipe is taken over", async ({
  page,
}, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "float.onnx": floatModel(),
    "quantized.onnx": quantizedModel(),
    "rows.npy": npyBytes("<f4", [8, 4], noise([8, 4], 5).data as Float32Array),
  });
  await page.goto("/");
  await drop(page, [files["quantized.onnx"]!]);
  const dialog = page.getByTestId("quantized");
  await expect(page.getByTestId("quantized-facts")).toContainText("1 of 1 layer quantized");
  await expect(page.getByTestId("quantized-layers")).toContainText("int8 per channel");
  await expect(page.getByTestId("quantized-layer")).toContainText("uint8 0 to 4.00, scale 0.0157");
  await page.getByTestId("quantized-float").setInputFiles([files["float.onnx"]!, files["rows.npy"]!]);
  await expect(page.getByTestId("quantized-recipe")).toContainText("the codes and scales of 1 of 1 weight");
  await expect(dialog).toContainText("1 layer of the float model are within others of the file.");
  await idle(page);

  await page.getByTestId("quantized-evaluate").click();
  await expect(page.getByTestId("quantized-evaluation")).toContainText("SQNR");
  await idle(page);
  await page.getByTestId("quantized-walk").click();
  await expect(page.getByTestId("walk-table")).toContainText("Show all 1 layer");
  await expect(page.getByTestId("quantized-unwalked")).toBeEmpty();
  await idle(page);
  await page.getByTestId("quantized-adopt").click();
  await expect(dialog).toHaveCount(0);
  expect((await logEntries(page))[0]).toContain("The recipe of quantized.onnx is taken over");

  await page.keyboard.press("w");
  await page.getByTestId("graphs-beside").check();
  await expect(page.locator("[data-testid=graph-written][data-current=true]")).toBeVisible();
  await expect(page.getByTestId("graph-second")).toHaveValue("beside");
  const product = page.getByTestId("written-selected");
  await expect(product).toContainText("MatMul product, int8. Reads DequantizeLinear");
  await expect(product).toContainText("Read by QuantizeLinear");
  await expect(product).not.toContainText("dB");
  const legend = page.getByTestId("graph-legend");
  await expect(legend).toContainText("quantized.onnx: only the error is measured of it: colour by Error");
  await page.getByTestId("graph-colour").selectOption("error");
  await expect(legend).toContainText("quantized.onnx: SQNR at each layer’s output, measured on 8 samples");
  await expect(product).toContainText(/SQNR at each layer’s output, measured on 8 samples: \d+\.\d dB/);
  await page.getByTestId("walk-file").click();
  await idle(page);
  await expect(legend).not.toContainText("stale");
  await page.getByTestId("graph-second").selectOption("written");
  await expect(page.getByTestId("graph-screen")).toContainText("once the model is calibrated");
});

test("another tool's file is a result beside those of recipes here, judged on the same samples, without its recipe being taken over", async ({
  page,
}, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "float.onnx": floatModel(),
    "quantized.onnx": quantizedModel(),
    "rows.npy": npyBytes("<f4", [12, 4], noise([12, 4], 5).data as Float32Array),
  });
  await page.goto("/");
  await drop(page, [files["float.onnx"]!, files["rows.npy"]!]);
  await idle(page);
  await calibrate(page, 4);
  await evaluate(page);
  await drop(page, [files["quantized.onnx"]!]);
  await page.getByTestId("quantized-evaluate").click();
  await expect(page.getByTestId("quantized-evaluation")).toContainText("8 samples", { timeout: 120_000 });
  await idle(page);
  await page.getByTestId("quantized-compare").click();
  await expect(page.getByTestId("quantized")).toHaveCount(0);

  const heads = page.getByTestId("compare-result");
  await expect(heads).toHaveText([/^quantized\.onnx.*a file of /, /^per channel, auto.*current recipe/]);
  await expect(heads.first().getByRole("button", { name: "Export" })).toHaveCount(0);
  await expect(page.getByTestId("compare-samples").getByRole("cell")).toHaveText([/^8/, /^8/]);
  await expect(page.getByTestId("compare")).not.toContainText("they are not compared");
  await expect(page.getByTestId("compare-y SQNR").getByRole("cell")).toHaveText([/dB/, /dB/]);
  await expect(page.getByTestId("compare-clipped").getByRole("cell")).toHaveText([/^[\d.]+ %/, /^[\d.]+ %/]);
  await expect(page.getByTestId("compare-ranges by")).toHaveCount(0);
  await page.screenshot({ path: testInfo.outputPath("compare.png") });
  await expect.poll(async () => (await stored(page)).results).toHaveLength(2);

  await heads.first().getByRole("button", { name: "Go on from its recipe" }).click();
  expect((await logEntries(page))[0]).toContain("The recipe of quantized.onnx is taken over");
  await goTo(page, "tune");
  await expect(heads.first()).toContainText("a file of");
  await expect(heads.nth(1)).not.toContainText("current recipe");
});
