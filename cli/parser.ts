import { Command, CommanderError, Option as ParserOption } from "commander";
import { InputError } from "../src/engine/model/job.ts";
import { TOOL } from "../src/engine/values/tool.ts";
import type { Definition, Option, Options } from "./arguments.ts";
import { type ArgumentsOf, COMMANDS, type CommandName } from "./definitions.ts";

const HELP_WIDTH = 100;
const SHOWN = new Set(["commander.help", "commander.helpDisplayed", "commander.version"]);

/** A command that was asked for, and what was given to it. */
export interface Asked<N extends CommandName = CommandName> {
  readonly name: N;
  readonly args: ArgumentsOf<N>;
}

/**
 * Reads a command line; null when it asked for help or the version, which is printed then. Throws InputError for a
 * command or an option that there is not, and for values that options do not take.
 */
export function readCommandLine(argv: readonly string[], print: (text: string) => void): Asked | null {
  const asked: Asked[] = [];
  const program = programOf(print, argv, (next) => asked.push(next));
  try {
    program.parse(argv.length === 0 ? ["--help"] : argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (SHOWN.has(error.code)) return null;
    return refuse(error, program, argv);
  }
  return asked[0] ?? null;
}

function programOf(print: (text: string) => void, argv: readonly string[], ask: (asked: Asked) => void): Command {
  const program = new Command("octet")
    .description(`octet ${TOOL.version} - quantizes ONNX models to 8 and 4 bits`)
    .usage("COMMAND [options]")
    .version(TOOL.version, "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: () => undefined,
      getOutHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
    })
    .configureHelp({
      optionTerm: ({ flags }) => flags.replaceAll(/[<>]/g, ""),
      subcommandTerm: (command) =>
        [
          command.name(),
          ...command.registeredArguments.map((argument) => `${argument.name()}${argument.variadic ? "..." : ""}`),
        ].join(" "),
    });
  for (const name of Object.keys(COMMANDS) as CommandName[]) addCommand(program, name, argv, ask);
  program
    .command("help")
    .argument("[COMMAND]")
    .usage("[COMMAND]")
    .description("What a command does, and every option of it.")
    .action((name?: string) => {
      const command = name === undefined ? program : program.commands.find((each) => each.name() === name);
      if (command) command.outputHelp();
      else readCommandLine([name!], print);
    });
  const examples = Object.values(COMMANDS).map(({ example }) => `  ${example}`);
  return program.addHelpText("after", `\nExamples:\n${examples.join("\n")}\n\n${EXIT_CODES}`);
}

const EXIT_CODES = `Exit codes:
  0           done
  1           limit passed or not met
  2           bad input; one line says what
  3           Octet failed unexpectedly; one line says how to report it
  130 or 143  cancelled`;

function addCommand(program: Command, name: CommandName, argv: readonly string[], ask: (asked: Asked) => void): void {
  const { summary, names, options, example }: Definition<readonly string[], Options> = COMMANDS[name];
  const taken = Object.entries(options).map(([option, spec]) => ({ option, spec, parsed: parserOption(option, spec) }));
  const needed = taken.filter(({ spec }) => spec.isRequired).map(({ option, spec }) => `--${option} ${spec.value}`);
  const command = program
    .command(name)
    .description(summary)
    .usage([...names, ...needed, "[options]"].join(" "))
    .addHelpText("after", `\nExample:\n  ${example}`);
  for (const each of names) command.argument(`<${each}>`);
  for (const { parsed } of taken) command.addOption(parsed);
  command.action(() => {
    const given = command.opts<Record<string, true | readonly string[]>>();
    const values = taken.map(({ option, spec, parsed }) => {
      const all = given[parsed.attributeName()] ?? [];
      if (all === true) return [option, spec.read([""], option)];
      for (const value of all) {
        if (value === "") throw new InputError(`--${option} has no value; see octet help ${name}.`);
        const isOption = /^-./.test(value) && !argv.includes(`--${option}=${value}`);
        if (isOption) throw new InputError(`--${option} needs a value; see octet help ${name}.`);
      }
      if (spec.isRequired && all.length === 0) throw new InputError(`${name} needs --${option} ${spec.value}.`);
      return [option, spec.read(all, option)];
    });
    ask({
      name,
      args: { names: command.args, values: Object.fromEntries(values) } as unknown as ArgumentsOf<CommandName>,
    });
  });
}

function parserOption(name: string, { value, help, group }: Option<unknown>): ParserOption {
  const option = new ParserOption(value === null ? `--${name}` : `--${name} <${value}>`, help).helpGroup(`${group}:`);
  return value === null ? option : option.argParser((given, all: readonly string[] = []) => [...all, given]);
}

/** What the parser refuses, as one sentence. */
function refuse({ code, message }: CommanderError, program: Command, argv: readonly string[]): Asked | null {
  const command = program.commands.find((each) => each.name() === argv[0]);
  const help = command ? `octet help ${command.name()}` : "octet --help";
  const nearest = /Did you mean ([^?]*)\?/.exec(message)?.[1];
  switch (code) {
    case "commander.unknownCommand": {
      const given = /unknown command '(.*)'/s.exec(message)?.[1];
      const all = Object.keys(COMMANDS).join(", ");
      throw new InputError(
        `There is no command ${given}; ${nearest ? `did you mean ${nearest}?` : `the commands are ${all}.`}`,
      );
    }
    case "commander.unknownOption": {
      const flag = /unknown option '(.*)'/s.exec(message)?.[1] ?? "";
      const [name = ""] = flag.split("=", 1);
      if (command?.options.some(({ long }) => long === name)) {
        throw new InputError(`${name} takes no value; see ${help}.`);
      }
      // The parser looks for the nearest name of all that was given, the value with it.
      if (name !== flag) return readCommandLine(command ? [command.name(), name] : [name], () => undefined);
      const who = command ? "This command" : "octet";
      throw new InputError(`${who} has no option ${flag}; ${nearest ? `did you mean ${nearest}?` : `see ${help}.`}`);
    }
    case "commander.optionMissingArgument":
      throw new InputError(`${/--[\w-]+/.exec(message)?.[0]} needs a value; see ${help}.`);
    case "commander.missingArgument":
    case "commander.excessArguments": {
      const names = command?.registeredArguments.map((each) => each.name()) ?? [];
      throw new InputError(
        `This command takes ${names.join(" and ") || "no names"}; ${command?.args.length} names were given. See ${help}.`,
      );
    }
    default:
      throw new Error(message);
  }
}
