import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";
import { expect, test } from "./support/app.ts";
import { stored } from "./support/storage.ts";
import { calibrate, evaluate, goTo, logEntries, openSample, repositoryPath, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

/** What axe finds serious or worse on the page as it is, by all its rules or some. */
async function seriousFindings(page: Page, rules: readonly string[] | null): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) {
    await page.evaluate(await readFile(repositoryPath("node_modules/axe-core/axe.min.js"), "utf8"));
  }
  const { violations, passes } = await page.evaluate<AxeResults>(
    `axe.run(${rules ? JSON.stringify({ runOnly: rules }) : ""})`,
  );
  expect(passes.length).toBeGreaterThan(rules ? 0 : 10);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}

test("axe finds nothing serious on any screen, light or dark", { tag: THOROUGH }, async ({ page }) => {
  const findings: Record<string, string[]> = {};
  const look = async (screen: string) => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const found = await seriousFindings(page, colorScheme === "light" ? null : ["color-contrast"]);
      if (found.length > 0) findings[`${screen}, ${colorScheme}`] = found;
    }
  };
  await page.goto("/");
  await expect(page.getByTestId("start")).toBeVisible();
  await look("start");
  await page.goto("/docs/command-line.html");
  await look("documentation");
  await page.goto("/");

  await openSample(page);
  await goTo(page, "model");
  await look("model");
  await goTo(page, "data");
  await expect(page.getByTestId("preview")).toBeVisible();
  await look("data");
  await goTo(page, "tune");
  await look("tune before calibration");
  await calibrate(page, 10);
  await goTo(page, "calibrate");
  await page.getByTestId("execution").locator("summary").click();
  await look("calibrate");
  await evaluate(page);
  await goTo(page, "tune");
  await selectLayer(page, "/block4/pw/conv/Conv");
  await expect(page.getByTestId("error-chart")).toBeVisible();
  await expect(page.getByTestId("weight-chart")).toBeVisible();
  await look("tune");
  await page.getByTestId("clip-facts").getByRole("button", { name: "scale" }).click();
  await expect(page.getByTestId("explanation")).toBeVisible();
  await look("a word explained");
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByTestId("bit-chart")).toBeVisible();
  await look("bit depth");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("button", { name: "Take the tour" }).click();
  await expect(page.getByTestId("tour")).toBeVisible();
  await look("the tour");
  await page.getByTestId("tour-end").click();
  await page.keyboard.press("g");
  await expect(page.locator("[data-testid=graph][data-current=true]")).toBeVisible();
  await look("the layers as a graph");
  await page.keyboard.press("w");
  await page.getByTestId("graphs-beside").check();
  await expect(page.locator("[data-testid=graph-written][data-current=true]")).toBeVisible();
  await page.getByTestId("graph-search").fill("conv");
  await expect(page.getByTestId("node-tensors").first()).toBeVisible();
  await look("the graph over the whole width");
  await page.getByTestId("graph-search").fill("");
  await page.getByRole("radio", { name: "Graph" }).click();
  await page.keyboard.press("g");
  await page.getByTestId("tab-rounding").click();
  await page.getByTestId("rounding-iterations").fill("20");
  await page.getByTestId("rounding-start").click();
  await expect(page.getByTestId("rounding-adopted")).toBeVisible({ timeout: 120_000 });
  await look("rounding");
  for (const view of ["walk", "search", "codes", "compare"]) {
    await page.getByTestId(`tab-${view}`).click();
    await look(view);
  }
  await page.getByTestId("advice-open").click();
  await expect(page.getByTestId("advice")).toBeVisible();
  await look("advice");
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 640, height: 360 });
  await page.getByTestId("panes").getByText("Layers").click();
  await look("one part at a time");
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.getByTestId("format").selectOption("weights");
  await expect(page.getByTestId("rounding-awaited")).toBeVisible();
  await page.getByTestId("tab-layer").click();
  await expect(page.getByTestId("values-chart")).toBeVisible();
  await look("values in float");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByTestId("weights").selectOption("tensor");
  await expect(page.getByTestId("evaluation-result")).toContainText("Stale");
  await logEntries(page);
  await look("stale results and the log");
  await goTo(page, "export");
  await look("export");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await look("delete everything");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Keys and words" }).click();
  await expect(page.getByTestId("help")).toBeVisible();
  await look("help");
  await page.keyboard.press("Escape");
  await goTo(page, "data");
  await page.getByTestId("data-input").setInputFiles({ name: "no.npy", mimeType: "", buffer: Buffer.from("none") });
  await expect(page.getByRole("alert")).toBeVisible();
  await look("an alert");
  await expect.poll(async () => (await stored(page)).sessions).toHaveLength(1);
  await page.reload();
  await expect(page.getByTestId("last-session")).toBeVisible();
  await look("start with a session");
  expect(findings).toEqual({});
});
