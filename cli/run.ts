import { TOOL } from "../src/engine/job/tool.ts";
import { InputError, isForPeople } from "../src/engine/model/job.ts";
import { diffCommand } from "./commands/diff.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { quantizeCommand } from "./commands/quantize.ts";
import { sensitivityCommand } from "./commands/sensitivity.ts";
import { tuneCommand } from "./commands/tune.ts";
import { HELP } from "./help.ts";
import type { Terminal } from "./terminal.ts";

const COMMANDS = new Map([
  ["inspect", inspectCommand],
  ["quantize", quantizeCommand],
  ["evaluate", evaluateCommand],
  ["sensitivity", sensitivityCommand],
  ["tune", tuneCommand],
  ["diff", diffCommand],
]);

const EXIT_BAD_INPUT = 2;

/** Runs a command line and returns its exit code; errors become one line on stderr. */
export async function run([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h" || args.includes("--help")) {
    terminal.print(HELP);
    return 0;
  }
  if (name === "--version") {
    terminal.print(`${TOOL.version}\n`);
    return 0;
  }
  try {
    const command = COMMANDS.get(name);
    if (!command) {
      throw new InputError(`There is no command ${name}; the commands are ${[...COMMANDS.keys()].join(", ")}.`);
    }
    return await command(args, terminal);
  } catch (error) {
    if (terminal.exitCancelled !== null) {
      terminal.say("Cancelled; nothing was written.");
      return terminal.exitCancelled;
    }
    terminal.say(`octet: ${errorLine(error)}`);
    if (process.env.OCTET_DEBUG && error instanceof Error) terminal.say(error.stack ?? "");
    return EXIT_BAD_INPUT;
  }
}

function errorLine(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
  return error instanceof Error && isForPeople(error) ? message : `Octet failed unexpectedly (${message}).`;
}
