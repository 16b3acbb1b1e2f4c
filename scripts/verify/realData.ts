import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { npzBytes } from "../../src/engine/data/testing/files.ts";
import { PEER_PYTHON } from "../bench/peer.ts";

const BUILD = fileURLToPath(new URL("../../../shared/peers/build_data.py", import.meta.url));

/** Where the peer's tools keep the data they build. */
export const CACHE = process.env.PEER_CACHE ?? join(tmpdir(), "octet-peer");

/** Samples of a model as the peer's tools read them, and the same as files of one sample each, as Octet does. */
export interface RealData {
  readonly archive: string;
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * Real samples for all inputs of a model: 50 that calibrate, and 50 others that judge. Builds what is not there yet, for which
 * Debian's espeak-ng, sox, fonts-dejavu, dataset-fashion-mnist and python3-sklearn are needed.
 */
export function realData(model: string, builder: string): Readonly<Record<"calib" | "judge", RealData>> {
  const folder = join(CACHE, "data", model);
  if (!existsSync(join(folder, "judge.npz"))) {
    mkdirSync(join(CACHE, "data"), { recursive: true });
    execFileSync(PEER_PYTHON, [BUILD, builder], { env: { ...process.env, PEER_CACHE: CACHE }, stdio: "ignore" });
  }
  return { calib: taken(folder, "calib"), judge: taken(folder, "judge") };
}

/** Takes apart an archive whose arrays are named "INDEX|INPUT". */
function taken(folder: string, part: string): RealData {
  const archive = join(folder, `${part}.npz`);
  const samples = new Map<string, Record<string, Uint8Array>>();
  for (const [name, npy] of Object.entries(unzipSync(new Uint8Array(readFileSync(archive))))) {
    const [, index = "", input = ""] = /^(\d+)\|(.*)\.npy$/.exec(name) ?? [];
    samples.set(index, { ...samples.get(index), [input]: npy });
  }
  const out = join(folder, `${part}-samples`);
  mkdirSync(out, { recursive: true });
  const files = [...samples].map(([index, arrays]) => {
    const file = join(out, `${index.padStart(4, "0")}.npz`);
    writeFileSync(file, npzBytes(arrays));
    return file;
  });
  return { archive, folder: out, files };
}
