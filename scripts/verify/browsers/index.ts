import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { plainHost } from "../../../e2e/support/plainHost.ts";
import type { Row } from "../../bench/part.ts";
import { buildWhenStale } from "../../build.ts";
import { type Driver, Missing, until } from "./driver.ts";
import { openFirefox } from "./firefox.ts";
import { openWebkit } from "./webkit.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const NAME = "fashion-mnist-dw";
const SAMPLES = ["evaluation-images-idx3-ubyte.gz", "evaluation-labels-idx1-ubyte.gz"];
const BROWSERS = { Firefox: openFirefox, WebKit: openWebkit } as const;

const found = (id: string) => `document.querySelector('[data-testid="${id}"]')`;
const textOf = (id: string) => `(${found(id)}?.textContent ?? null)`;

/** Presses a button once it is there and can be pressed. */
const press = (driver: Driver, id: string) =>
  until(`the button ${id}`, () =>
    driver.evaluate<boolean>(`(() => {
      const button = ${found(id)};
      if (!button || button.disabled) return false;
      button.click();
      return true;
    })()`),
  );

/** What a browser may lack, as a page sees it. */
const LACKS = `({
  "memory that threads share": typeof SharedArrayBuffer === "undefined",
  WebGPU: !navigator.gpu,
  "a save dialog": !("showSaveFilePicker" in window),
  "files of its own": !navigator.storage?.getDirectory,
})`;

/** By what the start page says of it. */
const SAID = {
  "memory that threads share": "memory that threads share",
  WebGPU: "WebGPU",
  "a save dialog": "a save dialog",
  "files of its own": "files of a page's own",
} as const;

/** Keeps what the page hands to the browser as a download. */
const HAND = `(() => {
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    window.handed = blob;
    return make.call(URL, blob);
  };
  return true;
})()`;

/** What was handed, as base64; false where nothing was yet. */
const HANDED = `window.handed ? new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(",")[1]);
  reader.readAsDataURL(window.handed);
}) : false`;

/** As a drop from the system does, but for folders. */
const dropped = (names: readonly string[]) => `(async () => {
  const transfer = new DataTransfer();
  for (const name of ${JSON.stringify(names)}) {
    transfer.items.add(new File([await (await fetch("sample/" + name)).blob()], name));
  }
  const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer });
  return ${found("drop-target")}.dispatchEvent(drop) || true;
})()`;

/**
 * The studio on a host that sends no headers, below a path, in the browsers beside Chromium that are here: drop, calibrate,
 * evaluate, download, and what they do without. Pictures of the screens go to the folder $OCTET_PICTURES where it is set.
 */
export async function tryBrowsers(): Promise<Row[]> {
  await buildWhenStale();
  const rows: Row[] = [];
  for (const [name, open] of Object.entries(BROWSERS)) rows.push(await tryBrowser(name, open));
  return rows;
}

async function tryBrowser(name: string, open: () => Promise<Driver>): Promise<Row> {
  let driver: Driver;
  try {
    driver = await open();
  } catch (error) {
    if (error instanceof Missing) return { browser: name, "main job": `not run: ${error.message}` };
    throw error;
  }
  const host = await plainHost("dist");
  try {
    return await mainJob(driver, host.page);
  } catch (error) {
    const shown = await driver.evaluate<string>(`document.body.innerText`).catch(() => "nothing");
    throw new Error(`${driver.label}: ${(error as Error).message} The page shows:\n${shown}`);
  } finally {
    await driver.close();
    await host.stop();
  }
}

async function mainJob(driver: Driver, address: string): Promise<Row> {
  const waitFor = (what: string, expression: string) =>
    until(what, () => driver.evaluate<boolean>(expression).catch(() => false));
  const idle = (step: string) =>
    waitFor(`the end of ${step}`, `${found(`step-${step}`)}?.dataset.standing === "done" && !${found("job")}`);
  const picture = (screen: string) => {
    const folder = process.env.OCTET_PICTURES;
    return folder ? driver.screenshot(join(folder, `${driver.label.split(" ")[0]}-${screen}.png`)) : undefined;
  };

  await driver.open(address);
  // The first visit registers the service worker and loads the page once more.
  await waitFor("the start page", `!!${found("kept")} || !!document.querySelector(".start-without")`);
  const lacks = await driver.evaluate<Record<string, boolean>>(LACKS);
  const without = await driver.evaluate<string | null>(`document.querySelector(".start-without")?.textContent ?? null`);
  const said = await driver.evaluate<string>(`(${found("lacks")}?.textContent ?? "")`);
  for (const [what, name] of Object.entries(SAID)) {
    if (said.includes(name) !== lacks[what]) throw new Error(`${driver.label} says of ${what}: "${said}".`);
  }
  await driver.evaluate(`document.querySelector(".start-host").scrollIntoView() ?? true`);
  await picture("start");

  const start = performance.now();
  await driver.evaluate(dropped([`${NAME}.onnx`, ...SAMPLES]));
  await idle("data");
  await picture("data");
  await press(driver, "step-calibrate");
  const runsOn = await driver.evaluate<string>(textOf("device"));
  await press(driver, "calibrate");
  await idle("calibrate");
  await press(driver, "evaluate");
  await idle("tune");
  const verdict = await driver.evaluate<string>(textOf("results"));
  await picture("tune");
  await press(driver, "step-export");
  const bytes = await downloaded(driver);
  const seconds = (performance.now() - start) / 1000;
  await picture("export");

  const alerts = await driver.evaluate<string[]>(
    `[...document.querySelectorAll('[role="alert"]')].map(({ textContent }) => textContent)`,
  );
  const faults = [...alerts, ...(driver.errors ?? [])];
  if (faults.length > 0) throw new Error(`${driver.label} said: ${faults.join("; ")}`);
  return {
    browser: driver.label,
    lacks: Object.keys(lacks)
      .filter((what) => lacks[what])
      .join(", "),
    "the studio says": [said, without, runsOn].filter((text) => text).join("; "),
    "main job": verdict,
    "drop to the end (s)": seconds.toFixed(1),
    "files beside the terminal's": bytes,
  };
}

/** Presses Download, and sets the model beside what the command line makes of the same recipe and calibration. */
async function downloaded(driver: Driver): Promise<string> {
  const { downloads } = driver;
  if (downloads === null) await driver.evaluate(HAND);
  await press(driver, "export");
  const zip = downloads === null ? await handed(driver) : await inFolder(downloads);
  const files = unzipSync(zip);
  const out = mkdtempSync(join(tmpdir(), "octet-browsers-"));
  try {
    const given = ["recipe.json", "calibration.json"].map((ending) => {
      const name = `${NAME}.${ending}`;
      writeFileSync(join(out, name), files[name]!);
      return join(out, name);
    });
    const [recipe, cache] = given as [string, string];
    const model = join(ROOT, `public/sample/${NAME}.onnx`);
    const options = ["--recipe", recipe, "--cache", cache, "--out", join(out, "made")];
    execFileSync(process.execPath, [join(ROOT, "cli/octet.mjs"), "quantize", model, ...options], { stdio: "ignore" });
    const made = readFileSync(join(out, "made", `${NAME}.int8.onnx`));
    if (!made.equals(files[`${NAME}.int8.onnx`]!))
      throw new Error(`${driver.label} wrote another model than the terminal.`);
    return downloads === null ? "the same bytes, as handed to the browser" : "the same bytes";
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function inFolder(folder: string): Promise<Uint8Array> {
  const archive = await until("the download", async () => {
    const names = readdirSync(folder);
    return names.some((name) => name.endsWith(".part"))
      ? false
      : (names.find((name) => name.endsWith(".zip")) ?? false);
  });
  return readFileSync(join(folder, archive));
}

async function handed(driver: Driver): Promise<Uint8Array> {
  return Buffer.from(await until("the download", () => driver.evaluate<string | false>(HANDED)), "base64");
}
