import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
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
