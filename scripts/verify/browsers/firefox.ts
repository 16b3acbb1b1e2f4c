import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { type Driver, Missing } from "./driver.ts";

const PLACES = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/** Debian's Firefox by WebDriver BiDi: Playwright drives its own build alone. */
export async function openFirefox(): Promise<Driver> {
  const executablePath = process.env.FIREFOX_PATH ?? PLACES.find((path) => existsSync(path));
  if (!executablePath)
    throw new Missing("there is no Firefox: apt-get install firefox-esr, or name one with FIREFOX_PATH");
  const downloads = mkdtempSync(join(tmpdir(), "octet-firefox-"));
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    // Firefox 140 knows not all that setting a viewport asks of it.
    defaultViewport: null,
    args: ["--width=1280", "--height=800"],
    protocolTimeout: 300_000,
    extraPrefsFirefox: {
      "browser.download.folderList": 2,
      "browser.download.dir": downloads,
      "browser.download.useDownloadDir": true,
      "browser.download.manager.showWhenStarting": false,
    },
  });
  const errors: string[] = [];
  const page = await browser.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return {
    label: (await browser.version()).replace("/", " "),
    open: async (address) => {
      await page.goto(address);
    },
    evaluate: (expression) => page.evaluate(expression) as Promise<never>,
    errors,
    downloads,
    screenshot: async (path) => writeFileSync(path, await page.screenshot()),
    async close() {
      await browser.close();
      rmSync(downloads, { recursive: true, force: true });
    },
  };
}
