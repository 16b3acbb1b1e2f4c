import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { zipSync } from "fflate";
import { writeReport } from "../src/engine/artifacts/report.ts";
import { REPORT } from "../src/engine/artifacts/testing/report.ts";
import { fileOf } from "../src/engine/job/artifact.ts";
import { reportedFile } from "../src/engine/job/report.ts";
import { signatures } from "../src/engine/job/signedReports.ts";
import { makeKeys, readPrivateKey } from "../src/engine/job/signing.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { quantizedModel } from "./support/product.ts";
import { calibrate, downloadZip, openSample, repositoryPath, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("a result is held against its report and its signature when it is dropped, and what is another is named", async ({
  page,
}, testInfo) => {
  const { privatePem, publicPem } = await makeKeys();
  const model = fileOf("net.int8.onnx", [quantizedModel()]);
  const report = new TextEncoder().encode(writeReport({ ...REPORT, files: [reportedFile(model)] }));
  const [signed] = await signatures(
    [{ name: "net.report.json", chunks: [report] }],
    await readPrivateKey(privatePem, "k"),
  );
  const signature = signed!.chunks[0]!;
  const files = { "net.int8.onnx": model.chunks[0]!, "net.report.json": report, "net.report.json.sig": signature };
  const changed = Uint8Array.from(files["net.int8.onnx"]);
  changed[changed.length >> 1]! ^= 1;
  const paths = await writeFiles(testInfo.outputPath(), {
    ...files,
    "net.octet.zip": zipSync(files),
    "changed.octet.zip": zipSync({ ...files, "net.int8.onnx": changed }),
    "public.pem": publicPem,
    "private.pem": privatePem,
  });
  const alerts = page.getByRole("alert");
  await page.goto("/");

  await drop(page, [paths["net.octet.zip"]!, paths["public.pem"]!]);
  const kept =
    /net\.octet\.zip\/net\.report\.json has 1 of 1 file as it names them, and is signed by the key given, \w{16}\./;
  await expect(alerts.filter({ hasText: kept })).toBeVisible();
  await expect(page.getByTestId("quantized-facts")).toContainText("1 of 1 layer quantized");
  await page.keyboard.press("Escape");

  await drop(page, [paths["changed.octet.zip"]!]);
  const told =
    /changed\.octet\.zip\/net\.int8\.onnx is not the file that .*net\.report\.json names: its SHA-256 is another/;
  await expect(alerts.filter({ hasText: told })).toBeVisible();
  await page.keyboard.press("Escape");

  await drop(page, [paths["net.report.json"]!, paths["net.report.json.sig"]!, paths["private.pem"]!]);
  await expect(alerts.filter({ hasText: "private.pem is a private key; verify with the public one." })).toBeVisible();
  await drop(page, [paths["public.pem"]!]);
  await expect(alerts.filter({ hasText: "public.pem is nothing that the studio opens" })).toBeVisible();
});

test(
  "what the studio exports is as its report names it, in the terminal and dropped in again",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    await openSample(page);
    await calibrate(page, 20);
    const files = await downloadZip(page);
    const folder = testInfo.outputPath("exported");
    await writeFiles(folder, files);
    const others = Object.keys(files).length - 1;
    const { stdout } = await promisify(execFile)("node", [repositoryPath("cli/octet.mjs"), "verify", folder]);
    expect(stdout).toContain(
      `exported/${SAMPLE_NAME}.report.json: ${others} of ${others} files as it names them; no signature vouches`,
    );
    await drop(page, [folder]);
    const kept = `exported/${SAMPLE_NAME}.report.json has ${others} of ${others} files as it names them, and is not signed.`;
    await expect(page.getByRole("alert").filter({ hasText: kept })).toBeVisible();
  },
);
