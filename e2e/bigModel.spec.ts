import { expect, test } from "./support/app.ts";
import { writeFiles } from "./support/files.ts";
import { goTo, idle } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";
import { wideModel } from "./support/wide.ts";

declare global {
  interface Window {
    /** Bytes that the page itself read of files, by how. */
    readBytes: Record<string, number>;
    longestTask: number;
  }
}

const MEGABYTE = 1_000_000;

test(
  "a model of 100 MB is read and its files are written by a worker: the page reads next to nothing of them",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    const files = await writeFiles(testInfo.outputPath(), { "wide.onnx": wideModel(100 * MEGABYTE) });
    await page.addInitScript(() => {
      window.readBytes = {};
      window.longestTask = 0;
      const note = (how: string, bytes: number) => {
        window.readBytes[how] = (window.readBytes[how] ?? 0) + bytes;
      };
      for (const how of ["arrayBuffer", "bytes", "text", "stream"] as const) {
        const original = Blob.prototype[how] as (this: Blob) => unknown;
        Object.defineProperty(Blob.prototype, how, {
          value(this: Blob) {
            note(how, this.size);
            return original.call(this);
          },
        });
      }
      for (const how of ["readAsArrayBuffer", "readAsText", "readAsDataURL", "readAsBinaryString"] as const) {
        const original = FileReader.prototype[how];
        FileReader.prototype[how] = function (this: FileReader, blob: Blob) {
          note(how, blob.size);
          original.call(this, blob);
        };
      }
      // A dialog of the system, which a test cannot press, gives way to the page's own storage.
      Object.assign(window, {
        showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) =>
          (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
      });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longestTask = Math.max(window.longestTask, duration);
      }).observe({ type: "longtask", buffered: true });
    });
    await page.goto("/");
    await page.getByTestId("open-model-input").setInputFiles(files["wide.onnx"]!);
    await expect(page.getByTestId("workbench")).toBeVisible({ timeout: 120_000 });
    await expect(page.getByTestId("model-name")).toHaveText("wide.onnx");

    await page.getByTestId("format").selectOption("weights");
    await expect(page.getByTestId("step-export")).toHaveAttribute("data-standing", "ready");
    await idle(page);
    await goTo(page, "export");
    await page.getByTestId("export").click();
    await expect(page.getByTestId("export-files")).toBeVisible({ timeout: 120_000 });
    await expect(page.getByTestId("export-files").locator("caption")).toContainText("wide.octet.zip");
    const zip = await page.evaluate(async () => {
      const file = await (await (await navigator.storage.getDirectory()).getFileHandle("wide.octet.zip")).getFile();
      const parts = [file.slice(0, 4), file.slice(-22, -18)];
      return { size: file.size, marks: await Promise.all(parts.map(async (part) => [...(await part.bytes())])) };
    });
    expect(zip.size).toBeGreaterThan(25 * MEGABYTE);
    expect(zip.marks).toEqual([
      [0x50, 0x4b, 3, 4],
      [0x50, 0x4b, 5, 6],
    ]);

    const { readBytes, longestTask } = await page.evaluate(async () => {
      await new Blob(["what a read looks like"]).text();
      return { readBytes: window.readBytes, longestTask: window.longestTask };
    });
    testInfo.annotations.push({ type: "longest task of the page", description: `${longestTask} ms` });
    expect(readBytes.text).toBeGreaterThan(0);
    for (const bytes of Object.values(readBytes)) expect(bytes).toBeLessThan(MEGABYTE);
  },
);
