import { expect, test } from "./support/app.ts";
import { downloadZip, idle, openSample, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("weights alone are chosen in blocks, of a type with zero points, and exported so", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await expect(page.getByTestId("block")).toHaveCount(0);
  await expect(page.getByTestId("weight-type").locator("option")).toHaveText(["int8", "int4"]);
  await page.getByTestId("format").selectOption("weights");
  await page.getByTestId("weight-type").selectOption("uint4");
  await expect(page.getByTestId("rounding").locator("option[disabled]")).toHaveText([
    "learned (AdaRound)",
    "fine-tuned",
  ]);
  await expect(page.getByTestId("weight-operator")).toHaveCount(0);
  await page.getByTestId("block").selectOption("32");
  await expect(page.getByTestId("weights")).toBeDisabled();
  await page.getByTestId("weight-operator").selectOption("matmulnbits");
  await page.getByTestId("algorithm").selectOption("nearest");
  await page.getByTestId("bias-correction").selectOption("none");
  await idle(page);
  const files = await downloadZip(page);
  expect(Object.keys(files)).toContain(`${SAMPLE_NAME}.uint4.onnx`);
  const recipe = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.recipe.json`]));
  expect(recipe.weights).toEqual({
    ...{ type: "uint4", granularity: "channel", rounding: "nearest" },
    ...{ block: 32, others: "wider", operator: "matmulnbits", algorithm: "nearest" },
  });

  await page.getByTestId("format").selectOption("qdq");
  await expect(page.getByTestId("weight-type")).toHaveValue("int4");
  await expect(page.getByTestId("block")).toHaveCount(0);
});
