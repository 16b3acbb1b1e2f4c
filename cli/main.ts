import { fail, run } from "./run.ts";
import { Terminal } from "./terminal.ts";

const EXIT_INTERRUPTED = 130;
const EXIT_TERMINATED = 143;
const EXIT_UNREAD = 141;

const terminal = new Terminal(process.stdout, process.stderr);
// A terminal sends a signal to both processes, and the one that watches this one passes it on.
process.on("SIGINT", () => terminal.abort(EXIT_INTERRUPTED));
process.on("SIGTERM", () => terminal.abort(EXIT_TERMINATED));
// Whoever reads has read enough, as `head` has; Node ignores the signal that ends others.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => code === "EPIPE" && process.exit(EXIT_UNREAD));
// Nobody watches any more.
process.on("disconnect", () => terminal.abort(EXIT_TERMINATED));
process.channel?.unref();
// Node would end with 1, which says that a limit was passed.
process.once("uncaughtException", (error) => process.exit(fail(error, terminal)));
process.exitCode = await run(process.argv.slice(2), terminal);
