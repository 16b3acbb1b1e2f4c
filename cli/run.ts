import { isForPeople } from "../src/engine/model/job.ts";
import { WorkerDied } from "../src/engine/model/runtime.ts";
import { TOOL } from "../src/engine/values/tool.ts";
import type { ArgumentsOf, CommandName } from "./definitions.ts";
import { type Asked, readCommandLine } from "./parser.ts";
import type { Terminal } from "./terminal.ts";

type Action<N extends CommandName> = (args: ArgumentsOf<N>, terminal: Terminal) => Promise<number>;

/** Loaded when asked for: help and the version need no engine. */
const ACTIONS: { readonly [N in CommandName]: () => Promise<Action<N>> } = {
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  advise: async () => (await import("./commands/advise.ts")).adviseCommand,
  quantize: async () => (await import("./commands/quantize.ts")).quantizeCommand,
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluateCommand,
  sensitivity: async () => (await import("./commands/sensitivity.ts")).sensitivityCommand,
  tune: async () => (await import("./commands/tune.ts")).tuneCommand,
  calibrate: async () => (await import("./commands/calibrate.ts")).calibrateCommand,
  merge: async () => (await import("./commands/merge.ts")).mergeCommand,
  drift: async () => (await import("./commands/drift.ts")).driftCommand,
  gate: async () => (await import("./commands/gate.ts")).gateCommand,
  keygen: async () => (await import("./commands/keygen.ts")).keygenCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  decrypt: async () => (await import("./commands/decrypt.ts")).decryptCommand,
  diff: async () => (await import("./commands/diff.ts")).diffCommand,
};

const EXIT_BAD_INPUT = 2;
const EXIT_FAULT = 3;

/** Runs a command line and returns its exit code; errors become one line on stderr. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const asked = readCommandLine(argv, (text) => terminal.print(text));
    return asked ? await act(asked, terminal) : 0;
  } catch (error) {
    if (terminal.exitCancelled !== null) {
      terminal.say("Cancelled; nothing was written.");
      return terminal.exitCancelled;
    }
    return fail(error, terminal);
  }
}

async function act<N extends CommandName>({ name, args }: Asked<N>, terminal: Terminal): Promise<number> {
  const action = await ACTIONS[name]();
  return action(args, terminal);
}

/** Says an error in one line and returns its exit code: bad input is the caller's to mend, all else is Octet's. */
export function fail(error: unknown, terminal: Terminal): number {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
  const isBadInput = error instanceof Error && isForPeople(error);
  terminal.say(`octet: ${isBadInput ? message : faultLine(error, message)}`);
  if (process.env.OCTET_DEBUG && error instanceof Error)
    for (const line of error.stack?.split("\n") ?? []) terminal.say(line);
  return isBadInput ? EXIT_BAD_INPUT : EXIT_FAULT;
}

function faultLine(error: unknown, message: string): string {
  if (error instanceof WorkerDied) {
    return `${message}, in native code or for want of memory; nothing that was not complete is in place. Take less at once (--workers 1 --batch 1) or a machine with more memory; if it ends so again, please report it with the command.`;
  }
  return `Octet failed unexpectedly (${message}); please report it with the command, the version (octet ${TOOL.version}, Node ${process.versions.node}) and the stack that OCTET_DEBUG=1 adds.`;
}
