import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { type Driver, Missing, until } from "./driver.ts";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const DISPLAY = ":97";

/** WebKitGTK's own small browser by WebDriver, on a screen that nobody sees. */
export async function openWebkit(): Promise<Driver> {
  const folder = existsSync(LIBRARIES) ? readdirSync(LIBRARIES).find((name) => name.startsWith("webkit2gtk-")) : null;
  const binary = `${LIBRARIES}/${folder}/MiniBrowser`;
  if (!existsSync(DRIVER) || !existsSync(binary)) {
    throw new Missing("there is no WebKit: apt-get install webkit2gtk-driver");
  }
  if (!existsSync(SCREEN)) throw new Missing("there is no screen for WebKit: apt-get install xvfb");
  const port = await freePort();
  const started: ChildProcess[] = [
    spawn(SCREEN, [DISPLAY, "-screen", "0", "1280x800x24"], { stdio: "ignore" }),
    spawn(DRIVER, [`--port=${port}`], { stdio: "ignore", env: { ...process.env, DISPLAY } }),
  ];
  const end = () => {
    for (const each of started) each.kill();
  };
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { value } = (await response.json()) as { value: { message?: string } | null };
    if (!response.ok) throw new Error(`WebKit: ${value?.message ?? response.status}`);
    return value;
  };
  try {
    await until("WebKitWebDriver", () => ask("GET", "/status").then(Boolean, () => false), 20_000);
    const session = (await ask("POST", "/session", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: ["--automation"] } } },
    })) as { sessionId: string; capabilities: { browserVersion: string } };
    const here = `/session/${session.sessionId}`;
    await ask("POST", `${here}/timeouts`, { script: 300_000, pageLoad: 120_000 });
    return {
      label: `WebKitGTK ${session.capabilities.browserVersion}`,
      open: async (url) => {
        await ask("POST", `${here}/url`, { url });
      },
      evaluate: async <T>(expression: string) =>
        (await ask("POST", `${here}/execute/async`, {
          script: `const done = arguments[0]; Promise.resolve(${expression}).then(done);`,
          args: [],
        })) as T,
      errors: null,
      downloads: null,
      screenshot: async (path) => writeFileSync(path, String(await ask("GET", `${here}/screenshot`)), "base64"),
      async close() {
        await ask("DELETE", here).catch(() => undefined);
        end();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
