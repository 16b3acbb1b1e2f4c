/**
 * Takes the pictures of the workbench: the start page's (light and dark, WebP) and the README's, of the sample project in
 * the built studio. Build first, and again after, since the start page holds them: npm run build.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "@playwright/test";
import { preview } from "vite";
import { calibrate, evaluate, goTo, idle, openedSample, selectLayer } from "../e2e/support/studio.ts";
import { findChromium } from "./chromium.ts";

const LAYER = "/block4/pw/conv/Conv";
const SIZE = { width: 1280, height: 720 };
const QUALITY = 0.5;

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Chromium encodes WebP, which Playwright does not write. */
async function webp(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage();
  const encoded = await page.evaluate<string>(`(async () => {
    const bytes = Uint8Array.from(atob("${png.toString("base64")}"), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: ${QUALITY} });
    return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(""));
  })()`);
  await page.close();
  return Buffer.from(encoded, "base64");
}

const server = await preview({ preview: { host: "127.0.0.1", port: 0 } });
const browser = await chromium.launch({
  ...(findChromium() && { executablePath: findChromium()! }),
  args: ["--no-sandbox"],
});
try {
  const page = await browser.newPage({ viewport: SIZE, reducedMotion: "reduce" });
  await page.goto(`${server.resolvedUrls!.local[0]!}?sample`);
  await openedSample(page);
  await page.getByTestId("tour-skip").click();
  await calibrate(page);
  await goTo(page, "tune");
  await page.getByTestId("measure-sensitivity").click();
  await page.getByTestId("sensitivity-standing").waitFor();
  await idle(page);
  await evaluate(page);
  await selectLayer(page, LAYER);
  await page.getByTestId("weight-chart").waitFor();
  await page.locator("section.recipe").evaluate((recipe) => recipe.scrollIntoView());
  await page.mouse.move(SIZE.width / 2, SIZE.height - 5);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const png = await page.screenshot();
    const path = `src/studio/pictures/workbench-${colorScheme}.webp`;
    const small = await webp(browser, png);
    writeFileSync(root(path), small);
    console.log(`${path}: ${small.length} bytes`);
    if (colorScheme === "light") writeFileSync(root("docs/images/studio.png"), png);
  }
} finally {
  await browser.close();
  server.httpServer.close();
}
process.exit();
