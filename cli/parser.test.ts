import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COMMANDS, type CommandName } from "./definitions.ts";
import { readCommandLine } from "./parser.ts";
import { run } from "./run.ts";
import { Terminal } from "./terminal.ts";
import { errorOf, octet } from "./testing/command.ts";

const NAMES = Object.keys(COMMANDS) as CommandName[];
const optionsOf = (name: CommandName) => Object.keys(COMMANDS[name].options).sort();
const read = (...argv: string[]) => readCommandLine(argv, () => undefined);

/** Something that every option of a command takes. */
const GIVEN: Record<string, string> = {
  ...{
    shape: "x=1x3",
    input: "y=1",
    method: "mse",
    target: "tensorrt",
    weights: "s4",
    block: "32",
    layer: "conv=s8",
    operator: "matmulnbits",
    algorithm: "nearest",
    rounding: "learned",
    activations: "float",
    format: "weights",
    family: "transformers.js",
    ends: "float16",
  },
  ...{ state: "z=h", "bias-correction": "none", elementwise: "float", metric: "kl", quantized: "fold", order: "path" },
  ...{ "quantize goal": "speed", "tune goal": "latency", limit: "recalibrate", shard: "2/8" },
};

/** A command line with every option of a command. */
function everything(name: CommandName): string[] {
  const options = Object.entries(COMMANDS[name].options).map(([option, { value }]) =>
    value === null ? `--${option}` : `--${option}=${GIVEN[`${name} ${option}`] ?? GIVEN[option] ?? "7"}`,
  );
  return [name, ...COMMANDS[name].names, ...options];
}

async function refusal(...argv: string[]): Promise<string> {
  const outcome = await octet(...argv);
  expect(outcome.code).toBe(2);
  return errorOf(outcome);
}

describe.each(NAMES)("help of %s", (name) => {
  it("has every option that the parser takes, and no other, in 100 columns", async () => {
    const { code, stdout, stderr } = await octet(name, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    const listed = [...stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, option]) => option!);
    expect(listed.sort()).toEqual(optionsOf(name));
    const asked = read(...everything(name));
    expect(Object.keys(asked!.args.values).sort()).toEqual(listed);
    for (const value of Object.values(asked!.args.values)) expect(value).toBeTruthy();
    expect(asked!.args.names).toEqual(COMMANDS[name].names);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  it("reads alike however it is asked for", async () => {
    const { stdout } = await octet(name, "--help");
    expect(stdout).toMatch(new RegExp(`^Usage: ${["octet", name, ...COMMANDS[name].names].join(" ")} `));
    for (const argv of [
      ["help", name],
      [name, "-h"],
      [...everything(name), "--help"],
    ]) {
      expect(await octet(...argv)).toMatchObject({ code: 0, stdout, stderr: "" });
    }
    expect(read(name, "--help")).toBeNull();
  });

  it("has an example that its parser takes", () => {
    const [, ...argv] = COMMANDS[name].example.split(" ");
    expect(read(...argv)?.name).toBe(name);
  });

  it("is what docs/command-line.md has in its tables", () => {
    const section = documentation.split(/^## /m).find((text) => text.startsWith(`${name}\n`))!;
    const documented = [...section.matchAll(/^\| (`--.*?) \| /gm)].flatMap(([, cell]) =>
      [...cell!.replaceAll("\\|", "|").matchAll(/`--([a-z-]+)(?: ([^`]+))?`/g)].map(([, option, value]) => ({
        option: option!,
        value,
      })),
    );
    expect(documented.map(({ option }) => option).sort()).toEqual(optionsOf(name).filter((each) => each !== "json"));
    const options: Readonly<Record<string, { readonly value: string | null }>> = COMMANDS[name].options;
    for (const { option, value } of documented) {
      if (value !== undefined) expect({ option, value }).toEqual({ option, value: options[option]!.value });
    }
  });
});

const documentation = readFileSync(new URL("../docs/command-line.md", import.meta.url), "utf8");

describe("help", () => {
  it("without a command names all of them, and an example of each", async () => {
    const { stdout } = await octet("--help");
    for (const argv of [[], ["help"], ["-h"]]) expect(await octet(...argv)).toMatchObject({ code: 0, stdout });
    for (const name of NAMES) {
      expect(stdout).toContain(`\n  ${name} ${COMMANDS[name].names.join(" ")} `);
      expect(stdout).toContain(`\n  ${COMMANDS[name].example}\n`);
    }
  });

  it("leaves nothing behind for the next run", () => {
    const first = read("quantize", "model.onnx", "--shape", "a=1x2", "--equalize");
    const second = read("quantize", "model.onnx", "--shape", "b=3x0");
    expect(first?.args.values).toMatchObject({ shape: { a: [1, 2] }, equalize: true });
    expect(second?.args.values).toMatchObject({ shape: { b: [3, 0] }, equalize: false });
  });
});

describe("a command line that is refused", () => {
  it.each([
    [["evaluate", "a", "b", "--sample", "4"], "This command has no option --sample; did you mean --samples?"],
    [["evaluate", "a", "b", "--sample=4"], "This command has no option --sample; did you mean --samples?"],
    [["tune", "a", "--equalise", "--data", "b"], "This command has no option --equalise; did you mean --equalize?"],
    [["inspect", "a", "--skip", "1"], "This command has no option --skip; see octet help inspect."],
    [["inspect", "a", "--version"], "This command has no option --version; see octet help inspect."],
    [["inspect", "a", "-x"], "This command has no option -x; see octet help inspect."],
    [["--versoin"], "octet has no option --versoin; did you mean --version?"],
    [["--json", "inspect", "a"], "octet has no option --json; see octet --help."],
    [["--versoin=2"], "octet has no option --versoin; did you mean --version?"],
    [["--", "tunes", "a"], "There is no command tunes; did you mean tune?"],
    [["help", "sensitivty"], "There is no command sensitivty; did you mean sensitivity?"],
    [["toString"], /^There is no command toString; the commands are inspect, /],
    [["quantize", "a", "--out", "--json"], "--out needs a value; see octet help quantize."],
    [["quantize", "a", "--samples", "-1"], "--samples needs a value; see octet help quantize."],
    [["quantize", "a", "--samples=-1"], '--samples takes a whole number of at least 1, not "-1".'],
    [["tune", "a", "--data", "b", "--samples", "1"], '--samples takes a whole number of at least 2, not "1".'],
    [["tune", "a", "--data", "b", "--budget", "soon"], '--budget takes a number of at least 0, not "soon".'],
    [["sensitivity", "a"], "sensitivity needs --data PATH."],
    [["sensitivity", "a", "--data", "b", "--metric", "psnr"], /takes one of sqnr, mse, kl, cosine, drop; not "psnr"/],
    [["diff", "a"], "This command takes REPORT_A and REPORT_B; 1 names were given. See octet help diff."],
  ] as const)("%j", async (argv, sentence) => {
    const said = await refusal(...argv);
    if (typeof sentence === "string") expect(said).toBe(sentence);
    else expect(said).toMatch(sentence);
  });

  it("takes a value that begins with a dash after an equals sign", () => {
    expect(read("quantize", "a", "--out=-results")?.args.values).toMatchObject({ out: "-results" });
    expect(read("inspect", "--", "-model.onnx")?.args.names).toEqual(["-model.onnx"]);
  });
});

describe("a fault of Octet's own", () => {
  it("exits with 3 and says how to report it", async () => {
    let stderr = "";
    const terminal = new Terminal(
      {
        write: () => {
          throw new TypeError("x is not\n a function");
        },
      },
      {
        write: (text) => {
          stderr += text;
        },
      },
    );
    expect(await run(["--help"], terminal)).toBe(3);
    expect(stderr).toMatch(
      /^octet: Octet failed unexpectedly \(x is not a function\); please report it with the command, the version \(octet \d+\.\d+\.\d+, Node [\d.]+\) and the stack that OCTET_DEBUG=1 adds\.\n$/,
    );
  });
});
