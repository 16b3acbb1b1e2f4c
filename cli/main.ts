import { fail, run } from "./run.ts";
import { Terminal } from "./terminal.ts";

const EXIT_INTERRUPTED = 130;
const EXIT_TERMINATED = 143;

const terminal = new Terminal(process.stdout, process.stderr);
process.once("SIGINT", () => terminal.abort(EXIT_INTERRUPTED));
process.once("SIGTERM", () => terminal.abort(EXIT_TERMINATED));
// Node would end with 1, which says that a limit was passed.
process.once("uncaughtException", (error) => process.exit(fail(error, terminal)));
process.exitCode = await run(process.argv.slice(2), terminal);
