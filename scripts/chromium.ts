import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "@playwright/test";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ],
  win32: ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"].flatMap((variable) =>
    ["Google\\Chrome\\Application\\chrome.exe", "Chromium\\Application\\chrome.exe"].map((path) =>
      join(process.env[variable] ?? "", path),
    ),
  ),
};

/** The Chromium or Chrome to test in: $CHROMIUM_PATH, the system's, or one Playwright has fetched; null without one. */
export function findChromium(): string | null {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const inPath = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const places = [...inPath, ...(PLACES[process.platform] ?? []), chromium.executablePath()];
  return places.find((path) => existsSync(path) && starts(path)) ?? null;
}

/** As `findChromium`, but fetches one when there is none: Playwright's, else (as root with apt) Debian's. */
export function installChromium(): string | null {
  console.log("There is no Chromium or Chrome here: fetching Playwright's (npx playwright install chromium) ...");
  execute("npx", ["playwright", "install", "chromium"]);
  const fetched = findChromium();
  if (fetched || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return fetched;
  console.log("That did not work: installing Debian's package (apt-get install chromium) ...");
  execute("apt-get", ["update"]);
  execute("apt-get", ["install", "-y", "--no-install-recommends", "chromium"]);
  return findChromium();
}

/** Whether it runs at all: Ubuntu's `chromium-browser` may be an empty shell, Playwright's may lack libraries. */
function starts(path: string): boolean {
  return process.platform === "win32" || spawnSync(path, ["--version"], { timeout: 30_000 }).status === 0;
}

function execute(command: string, args: readonly string[]): void {
  spawnSync(command, args, {
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}
