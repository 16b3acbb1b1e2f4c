import { run } from "./run.ts";
import { Terminal } from "./terminal.ts";

const EXIT_INTERRUPTED = 130;
const EXIT_TERMINATED = 143;

const terminal = new Terminal(process.stdout, process.stderr);
process.once("SIGINT", () => terminal.abort(EXIT_INTERRUPTED));
process.once("SIGTERM", () => terminal.abort(EXIT_TERMINATED));
process.exitCode = await run(process.argv.slice(2), terminal);
