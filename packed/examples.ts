import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./support.ts";

const BLOCK = /^```(js|html)\n([\s\S]*?)^```$/gm;

const [node, page, worker] = [...readFileSync(join(ROOT, "docs/library.md"), "utf8").matchAll(BLOCK)].map(
  ([, , code = ""]) => code,
);

/** The programs of docs/library.md, as they stand there. */
export const EXAMPLES = { node: node ?? "", page: page ?? "", worker: worker ?? "" };
