import { expect, test } from "./support/app.ts";
import { calibrate, downloadZip, goTo, idle, openSample, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("a target sets the recipe, constrains it and says why; Undo takes it back", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await calibrate(page, 20);
  await goTo(page, "tune");
  const activations = page.getByTestId("activations");
  await page.getByTestId("target").selectOption("tensorrt");
  await expect(activations).toHaveValue("int8");
  await expect(activations.locator("option[value=uint8]")).toBeDisabled();
  await expect(page.getByTestId("goal").locator("option[value=speed]")).toBeDisabled();
  await page.getByTestId("target-rules").locator("summary").click();
  await expect(page.getByTestId("target-rules")).toContainText("Biases stay in float");
  await expect(page.getByTestId("target-rules").getByRole("link").first()).toHaveAttribute("href", /^https:\/\//);

  await page.getByTestId("target").selectOption("vitis-npu");
  await expect(page.getByTestId("weights")).toHaveValue("tensor");
  await expect(page.getByTestId("powers-of-two")).toBeChecked();
  await expect(page.getByTestId("powers-of-two")).toBeDisabled();
  await expect(activations).toHaveValue("uint8");

  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("target")).toHaveValue("tensorrt");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("target")).toHaveValue("ort-cpu");
  await expect(activations).toHaveValue("uint8");
  await idle(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("the model on every target: a table of operators, and each layer's reason", async ({ page }) => {
  await openSample(page);
  await page.getByTestId("target-rules").locator("summary").click();
  await page.getByTestId("targets-open").click();
  const dialog = page.getByTestId("targets");
  const conv = dialog.getByRole("row", { name: /^Conv / });
  await expect(conv.getByRole("cell").first()).toHaveText("integer");
  await expect(conv.getByRole("cell").nth(3)).toHaveText("float");
  await dialog.getByRole("button", { name: "ort-webgpu" }).click();
  await expect(page.getByTestId("target-layers")).toContainText("computed in float");
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(dialog).toHaveCount(0);

  await page.getByTestId("advice-open").click();
  const advice = page.getByTestId("advice");
  await expect(advice).toContainText("Convs have a group for each channel");
  await expect(page.getByTestId("advised")).toContainText("what the target sets");
  await advice.getByRole("radio", { name: "scales found as the model runs" }).check();
  await page.getByTestId("advice-take").click();
  await expect(page.getByTestId("format")).toHaveValue("dynamic");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("format")).toHaveValue("qdq");
});

test("bfloat16 for TensorRT is exported, and said not to be run here wherever it is shown", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await page.getByTestId("target").selectOption("tensorrt");
  await expect(page.getByTestId("format").locator("option[value=bfloat16]")).toHaveText(
    "bfloat16, computed so; not run here",
  );
  await page.getByTestId("format").selectOption("bfloat16");
  await goTo(page, "calibrate");
  await expect(page.getByTestId("weights-only")).toContainText("layers compute in bfloat16, which TensorRT does");
  await goTo(page, "model");
  await expect(page.getByTestId("model-stored")).toContainText("computed so by TensorRT, not run here");
  await idle(page);
  const files = await downloadZip(page);
  const report = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.report.json`]));
  expect([report.evaluation, report.model.elsewhere]).toEqual([null, "TensorRT"]);
  const said = report.notices.map(({ message }: { message: string }) => message).join();
  expect(said).toContain(`"${SAMPLE_NAME}.bfloat16.onnx" was not run here`);
});
