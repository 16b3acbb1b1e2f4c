import { fail } from "../../cli/run.ts";
import { Terminal } from "../../cli/terminal.ts";

/** What became of an input; a defect is told apart from others by its kind. */
export type Outcome =
  | { readonly is: "accepted" | "refused" }
  | { readonly is: "defect"; readonly kind: string; readonly message: string };

const BAD_INPUT = 2;
/** No refusal is longer: it is to be read. */
const LONGEST = 8000;
/** Words that leak from code into a sentence. */
const LEAKED =
  /\b(TypeError|RangeError|ValiError|undefined|is not a function|Cannot read properties)\b|\[object |\.ts:\d/;

/** What a command would say of an error: one sentence, with the exit code of bad input, or else it is a defect. */
export function outcomeOf(error: unknown): Outcome {
  let shown = "";
  const code = fail(error, new Terminal({ write: () => undefined }, { write: (text) => (shown += text) }));
  const line = shown.slice(0, -1);
  if (code !== BAD_INPUT) return { is: "defect", kind: `raw error: ${placeOf(error)}`, message: line };
  const leak = LEAKED.exec(line);
  if (leak) return { is: "defect", kind: `leaked words: ${leak[0]}`, message: line };
  if (/\n/.test(line) || !/[.?!]$/.test(line) || line.length > LONGEST) {
    return { is: "defect", kind: `no sentence: ${plain(line).slice(0, 60)}`, message: line };
  }
  return { is: "refused" };
}

/** Where in our code an error arose, and what it says but for names and numbers. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return plain(String(error));
  const frame = error.stack?.split("\n").find((line) => /\/(src|cli)\//.test(line));
  const [, file = "elsewhere"] = /\/((?:src|cli)\/[\w/.-]+\.tsx?)/.exec(frame ?? "") ?? [];
  return `${error.name} in ${file}: ${plain(error.message).slice(0, 60)}`;
}

function plain(text: string): string {
  return text
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"..."')
    .replace(/-?\d[\d.,e+]*/g, "N")
    .replace(/\s+/g, " ");
}
