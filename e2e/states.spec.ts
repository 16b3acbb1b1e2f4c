import type { Page } from "@playwright/test";
import * as ort from "onnxruntime-node";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { CELLS, FEATURES, heard, recurrentModel, sequenceSamples } from "./support/recurrent.ts";
import { calibrate, dismissAlert, downloadZip, evaluate, goTo, idle } from "./support/studio.ts";

const [SEQUENCES, STEPS] = [4, 12];

const source = (page: Page, name: string) => page.locator(`[data-testid="input-source"][data-input="${name}"]`);
const shown = (page: Page, name: string) => source(page, name).getByTestId("input-values");

/** What a model makes of all sequences by ONNX Runtime alone, each on its own states. */
async function alongSequences(model: Uint8Array): Promise<number[]> {
  const session = await ort.InferenceSession.create(model);
  const zeros = () => new ort.Tensor("float32", new Float32Array(CELLS), [1, CELLS]);
  const values = heard(SEQUENCES, STEPS);
  const made: number[] = [];
  let [h, slow] = [zeros(), zeros()];
  for (let at = 0; at < SEQUENCES * STEPS; at++) {
    if (at % STEPS === 0) [h, slow] = [zeros(), zeros()];
    const x = new ort.Tensor("float32", values.slice(at * FEATURES, (at + 1) * FEATURES), [1, FEATURES]);
    const outputs = await session.run({ x, h, slow });
    [h, slow] = [outputs.hn as typeof h, outputs.slow_out as typeof slow];
    made.push(...(outputs.y!.data as Float32Array));
  }
  await session.release();
  return made;
}

test("a model that carries states is calibrated along sequences, from the drop to the downloaded zip", async ({
  page,
}, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "recurrent.onnx": recurrentModel(),
    "sequences.npy": sequenceSamples(SEQUENCES, STEPS),
  });
  await page.goto("/");
  await drop(page, [files["recurrent.onnx"]!, files["sequences.npy"]!]);
  await expect(page.getByTestId("inputs-lacking")).toContainText("x, h, slow get no values yet");
  await expect(source(page, "x").getByRole("button", { name: "Feed x from output" })).toHaveCount(0);
  await expect(page.getByTestId("likely-states")).toContainText("2 inputs are called like a state, such as h");
  await page.getByRole("button", { name: "Feed all 2 from the step before" }).click();
  await expect(page.getByTestId("data-samples")).toHaveText(String(SEQUENCES * STEPS));
  await idle(page);
  await expect(source(page, "x")).toContainText("sequences.npy");
  await expect(source(page, "h")).toContainText("from output hn of the step before");
  await expect(source(page, "slow")).toContainText("from output slow_out of the step before");
  await expect(page.getByTestId("likely-states")).toHaveCount(0);
  await expect(page.getByLabel("Notices about the data")).toContainText("4 sequences");

  await expect(shown(page, "h")).toHaveText(/^0(, 0){5} …/);
  await page.getByRole("button", { name: "Next" }).click();
  await expect(shown(page, "h")).not.toHaveText(/^0, 0/);

  await calibrate(page, 3 * STEPS);
  await goTo(page, "tune");
  await evaluate(page);
  await expect(page.getByTestId("evaluation-result")).toContainText(`${STEPS} samples`);
  const zip = await downloadZip(page);
  const recipe = JSON.parse(new TextDecoder().decode(zip["recurrent.recipe.json"]));
  expect(recipe.inputs).toEqual({ shapes: {}, values: {}, state: { h: "hn", slow: "slow_out" } });
  expect(Math.max(recipe.resolved.h.high, -recipe.resolved.h.low)).toBeGreaterThan(0.3);
  const float = await alongSequences(recurrentModel());
  const int8 = await alongSequences(zip["recurrent.int8.onnx"]!);
  const energy = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);
  const error = energy(float.map((value, i) => value - int8[i]!));
  expect(error).toBeGreaterThan(0);
  expect(10 * Math.log10(energy(float) / error)).toBeGreaterThan(20);

  await page.reload();
  await page.getByTestId("resume-input").setInputFiles(files["recurrent.onnx"]!);
  await expect(page.getByTestId("workbench")).toBeVisible();
  await idle(page);
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done");
  await drop(page, [files["sequences.npy"]!]);
  await expect(page.getByTestId("data-samples")).toHaveText(String(SEQUENCES * STEPS));
  await expect(source(page, "h")).toContainText("from output hn of the step before");
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
});

test("each input is fed from the output that a person names, and left to data again; what cannot feed it is refused", async ({
  page,
}, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "recurrent.onnx": recurrentModel(),
    "sequences.npy": sequenceSamples(SEQUENCES, STEPS),
  });
  await page.goto("/");
  await drop(page, [files["recurrent.onnx"]!]);
  await goTo(page, "data");
  const choice = source(page, "slow").getByRole("combobox");
  await expect(choice).toHaveValue("slow_out");
  await expect(choice.getByRole("option")).toHaveText(["slow_out", "hn"]);
  await choice.selectOption("hn");
  await source(page, "slow").getByRole("button", { name: "Feed slow from output" }).click();
  await expect(source(page, "slow")).toContainText("from output hn of the step before");
  await idle(page);
  await source(page, "h").getByRole("button", { name: "Feed h from output slow_out" }).click();
  await expect(source(page, "h")).toContainText("from output slow_out of the step before");
  await idle(page);

  await source(page, "slow").getByRole("button", { name: "Change" }).click();
  await source(page, "slow").getByRole("button", { name: "Feed slow from data" }).click();
  await expect(source(page, "slow")).toContainText("missing");
  await idle(page);
  await source(page, "slow").getByRole("textbox").fill("0.5");
  await source(page, "slow").getByRole("textbox").press("Enter");
  await expect(source(page, "slow")).toContainText("held at 0.5");
  await idle(page);
  await source(page, "slow").getByRole("button", { name: "Change" }).click();
  await source(page, "slow").getByRole("button", { name: "Feed slow from output hn" }).click();
  await expect(source(page, "slow")).toContainText("from output hn of the step before");
  await idle(page);

  const alone = await writeFiles(testInfo.outputPath(), { "alone.npy": sequenceSamples(1, 1) });
  await drop(page, [alone["alone.npy"]!]);
  await expect(page.getByRole("alert")).toContainText("second step");
  await dismissAlert(page);
  await drop(page, [files["sequences.npy"]!]);
  await expect(page.getByTestId("data-samples")).toHaveText(String(SEQUENCES * STEPS));
});
