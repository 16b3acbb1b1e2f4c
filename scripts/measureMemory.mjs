import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// Peak memory of `octet quantize` by the number of samples; the photographs are repeated as links until there are enough.
// node scripts/measureMemory.mjs MODEL PHOTOS PRESET [COUNT...]
const [model, photos, preset, ...counts] = process.argv.slice(2);
if (!preset) throw new Error("Usage: node scripts/measureMemory.mjs MODEL PHOTOS PRESET [COUNT...]");
const octet = fileURLToPath(new URL("../cli/octet.mjs", import.meta.url));
const images = readdirSync(photos).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
const measured = "process.on('exit', () => console.error('maxRSS', process.resourceUsage().maxRSS));";

const folder = mkdtempSync(join(tmpdir(), "octet-memory-"));
try {
  for (const count of counts.length > 0 ? counts.map(Number) : [50, 200, 1000]) {
    const data = join(folder, String(count));
    mkdirSync(data);
    for (let i = 0; i < count; i++) {
      const name = images[i % images.length];
      symlinkSync(resolve(photos, name), join(data, `${String(i).padStart(6, "0")}-${name}`));
    }
    const out = join(folder, "out");
    const start = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        ...["--import", `data:text/javascript,${measured}`, octet, "quantize", model, "--data", data],
        ...["--preprocess", preset, "--samples", String(count), "--out", out],
      ],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(stderr);
    const megabytes = Number(/maxRSS (\d+)/.exec(stderr)[1]) / 1024;
    const cache = readdirSync(out).find((name) => name.endsWith(".calibration.json"));
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `${count} samples: peak ${megabytes.toFixed(0)} MB, ${seconds.toFixed(0)} s, cache ${(statSync(join(out, cache)).size / 1e6).toFixed(1)} MB`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
