import { createRequire } from "node:module";

/** The path of a file of a dependency. In the published package it lies beside the code (scripts/package/build.ts). */
export const packageFile: (specifier: string) => string = createRequire(import.meta.url).resolve;
