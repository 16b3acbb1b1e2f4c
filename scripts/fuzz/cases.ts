import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { hasShared, SHARED } from "../../src/engine/testing/shared.ts";
import type { Defect } from "./messages.ts";

const FOLDER = fileURLToPath(new URL("./cases/", import.meta.url));

/** An input that had a defect. */
export interface Case {
  readonly name: string;
  readonly format: string;
  readonly bytes: Uint8Array;
}

const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** Writes an input down, in a folder by its format, and gives its path. */
export function keepCase({ format, kind, extension, bytes }: Defect): string {
  const folder = join(FOLDER, format);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${slug(kind).slice(0, 80)}.${extension}`);
  writeFileSync(path, bytes);
  return relative(process.cwd(), path);
}

export function keptCases(): Case[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: format }) =>
      readdirSync(join(FOLDER, format)).map((name) => ({
        name: `${format}/${name}`,
        format,
        bytes: new Uint8Array(readFileSync(join(FOLDER, format, name))),
      })),
    );
}

const FORMATS: Readonly<Record<string, string>> = { ".onnx": "ONNX", ".png": "PNG", ".webp": "WebP", ".gz": "gzip" };

/** The hostile inputs of the shared folder, where it is here. */
export function sharedCases(): Case[] {
  if (!hasShared) return [];
  const folder = join(SHARED, "cases", "hostile");
  return readdirSync(folder).flatMap((name) => {
    const format = FORMATS[extname(name)];
    return format ? [{ name, format, bytes: new Uint8Array(readFileSync(join(folder, name))) }] : [];
  });
}
