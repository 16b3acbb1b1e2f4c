import { run } from "./run.ts";
import { Terminal } from "./terminal.ts";

const terminal = new Terminal(process.stdout, process.stderr);
process.once("SIGINT", () => terminal.abort());
process.exitCode = await run(process.argv.slice(2), terminal);
