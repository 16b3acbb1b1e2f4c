import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Decrypter, Encrypter } from "age-encryption";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { stored } from "./support/storage.ts";
import {
  calibrate,
  downloadZip,
  goTo,
  logEntries,
  openSample,
  repositoryPath,
  SAMPLE_MODEL,
  SAMPLE_NAME,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const PASSPHRASE = "burst-swarm-slender-curve";

/** As age does it, but in a moment. */
async function encrypted(file: Uint8Array | string, passphrase = PASSPHRASE): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(2);
  return encrypter.encrypt(file);
}

test("an encrypted file that is dropped asks for its passphrase, and tells damage", async ({ page }, testInfo) => {
  const sealed = await encrypted('{"kind": "octet-recipe"}');
  const paths = await writeFiles(testInfo.outputPath(), {
    "net.recipe.json.age": sealed,
    "damaged.recipe.json.age": sealed.slice(0, -1),
  });
  await page.goto("/");
  await drop(page, [SAMPLE_MODEL]);
  await expect(page.getByTestId("view-model")).toBeVisible();
  const dialog = page.getByTestId("passphrase-dialog");
  const passphrase = dialog.getByLabel("Passphrase");

  await drop(page, [paths["net.recipe.json.age"]!]);
  await expect(passphrase).toBeFocused();
  await passphrase.fill("another");
  await passphrase.press("Enter");
  await expect(page.getByTestId("passphrase-said")).toContainText("does not open it: try again");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByTestId("view-model")).toBeVisible();

  await drop(page, [paths["damaged.recipe.json.age"]!]);
  await passphrase.fill(PASSPHRASE);
  await passphrase.press("Enter");
  const damage = "damaged.recipe.json.age is encrypted and damaged; copy it again from where it was made.";
  await expect(page.getByRole("alert").filter({ hasText: damage })).toBeVisible();
});

test(
  "a passphrase is typed twice to encrypt; an encrypted recipe and calibration are opened by theirs, asked again where it is another, and left where it is not given",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    await openSample(page);
    await calibrate(page, 5);
    await goTo(page, "export");
    const download = page.getByTestId("export");
    const encrypts = page.getByLabel("Encrypt calibration, recipe and report with a passphrase");
    await encrypts.check();
    await expect(download).toBeDisabled();
    await page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
    await page.getByLabel("Once more").fill("burst");
    await expect(page.getByTestId("encryption-said")).toHaveText("The two are not the same.");
    await expect(download).toBeDisabled();
    await page.getByLabel("Once more").fill(PASSPHRASE);
    await expect(page.getByTestId("encryption-said")).toContainText("Models stay readable");
    await expect(download).toBeEnabled();
    await encrypts.uncheck();
    const files = await downloadZip(page);
    const changed = new TextDecoder()
      .decode(files[`${SAMPLE_NAME}.recipe.json`])
      .replace('"method": "auto"', '"method": "minmax"');
    const paths = await writeFiles(testInfo.outputPath(), {
      "net.recipe.json.age": await encrypted(changed),
      "net.calibration.json.age": await encrypted(files[`${SAMPLE_NAME}.calibration.json`]!, "its own"),
    });
    const dialog = page.getByTestId("passphrase-dialog");
    const passphrase = dialog.getByLabel("Passphrase");
    const opening = [paths["net.recipe.json.age"]!, paths["net.calibration.json.age"]!];

    await drop(page, opening);
    await expect(dialog).toContainText("net.recipe.json.age is encrypted");
    await expect(passphrase).toBeFocused();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(dialog).toHaveCount(0);
    await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
    expect((await logEntries(page)).join("\n")).toContain("net.calibration.json.age was left encrypted.");

    await drop(page, opening);
    await passphrase.fill("another");
    await passphrase.press("Enter");
    await expect(page.getByTestId("passphrase-said")).toContainText("does not open it: try again");
    await passphrase.fill(PASSPHRASE);
    await dialog.getByRole("button", { name: "Open" }).click();
    await expect(dialog).toContainText("net.calibration.json.age is encrypted");
    await expect(passphrase).toHaveValue("");
    await expect(passphrase).toBeFocused();
    await passphrase.fill("its own");
    await passphrase.press("Enter");
    await expect(dialog).toHaveCount(0);
    await expect.poll(async () => (await logEntries(page)).join("\n")).toContain("net.calibration.json is taken over.");
    expect((await logEntries(page)).join("\n")).toContain("net.recipe.json is taken over.");
    await expect(page.getByTestId("method")).toHaveValue("minmax");
    expect(JSON.stringify(await stored(page))).not.toContain(PASSPHRASE);
  },
);

test(
  "what the studio encrypts the terminal verifies, age opens, and the studio opens again",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    testInfo.setTimeout(300_000);
    await openSample(page);
    await calibrate(page, 20);
    await goTo(page, "export");
    await page.getByTestId("encrypt").check();
    await page.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
    await page.getByLabel("Once more").fill(PASSPHRASE);
    const files = await downloadZip(page);
    const names = Object.keys(files).sort();
    expect(names.filter((name) => !name.endsWith(".age"))).toEqual([`${SAMPLE_NAME}.int8.onnx`]);
    expect(names).toHaveLength(7);
    const decrypter = new Decrypter();
    decrypter.addPassphrase(PASSPHRASE);
    expect(await decrypter.decrypt(files[`${SAMPLE_NAME}.recipe.json.age`]!, "text")).toContain("octet-recipe");

    const folder = testInfo.outputPath("exported");
    await writeFiles(folder, files);
    const env = { ...process.env, OCTET_PASSPHRASE: PASSPHRASE };
    const { stdout } = await promisify(execFile)("node", [repositoryPath("cli/octet.mjs"), "verify", folder], { env });
    expect(stdout).toContain(`exported/${SAMPLE_NAME}.report.json.age: 6 of 6 files as it names them`);

    await page.reload();
    await page.goto("/");
    await drop(page, [SAMPLE_MODEL]);
    await expect(page.getByTestId("view-model")).toBeVisible();
    await drop(page, [folder]);
    await page.getByTestId("passphrase").fill(PASSPHRASE);
    await page.getByTestId("passphrase").press("Enter");
    const kept = `exported/${SAMPLE_NAME}.report.json.age has 6 of 6 files as it names them, and is not signed.`;
    await expect(page.getByRole("alert").filter({ hasText: kept })).toBeVisible({ timeout: 60_000 });
  },
);
