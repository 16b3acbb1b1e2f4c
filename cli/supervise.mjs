import { spawn } from "node:child_process";

/** Of a process that `supervise` started. */
const SUPERVISED = "OCTET_SUPERVISED";
/** How long a cancelled command has to end by itself: native code answers no signal. */
const PATIENCE_MS = 1200;
const EXIT_FAULT = 3;
/** As shells number what a signal ended. */
const CODES = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs the command line in a process of its own, which may be deaf or die in native code: this one answers signals from its first moment
 * on, says how the other ended where that cannot say it, and ends with its exit code.
 * @param {string} script what this process runs
 * @param {() => Promise<unknown>} command
 */
export async function supervise(script, command) {
  if (process.env[SUPERVISED]) {
    delete process.env[SUPERVISED];
    await command();
    return;
  }
  const child = spawn(process.execPath, [...process.execArgv, script, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [SUPERVISED]: "1" },
  });
  let cancelled = 0;
  for (const [signal, code] of Object.entries(CODES)) {
    process.on(signal, () => {
      if (cancelled) return;
      cancelled = code;
      if (process.platform !== "win32") child.kill(/** @type {NodeJS.Signals} */ (signal));
      setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS).unref();
    });
  }
  const [code, signal] = await new Promise((resolve) => {
    child.once("exit", (...ended) => resolve(ended));
    child.once("error", ({ message }) => resolve([null, message]));
  });
  if (code !== null) process.exitCode = code;
  else if (cancelled) {
    process.stderr.write("\nCancelled; results that were not complete are not in place.\n");
    process.exitCode = cancelled;
  } else {
    process.stderr.write(
      `\noctet: The process ended in native code, or for want of memory (${signal}); nothing that was not complete is in place. Take less at once (--workers 1 --batch 1) or a machine with more memory; if it ends so again, please report it with the command.\n`,
    );
    process.exitCode = EXIT_FAULT;
  }
}
