import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readCommandLine } from "../cli/parser.ts";
import { scratch } from "../cli/testing/colours.ts";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const action = readFileSync(at("action.yml"), "utf8");
const script = readFileSync(at("scripts/action/gate.sh"), "utf8");

/** The names of a mapping's members, two spaces deep, below a line. */
const membersOf = (text: string, head: string) => {
  const block = new RegExp(`^${head}:\\n((?: +.*\\n)+)`, "m").exec(text)?.[1] ?? "";
  return [...block.matchAll(/^ {2}([\w-]+):/gm)].map(([, name]) => name!);
};
const lines = (text: string) => text.replaceAll("\\\n", " ").split("\n");

it("gives every input of the action to its script, which takes no other", () => {
  const inputs = membersOf(action, "inputs");
  expect(inputs.length).toBeGreaterThan(5);
  const given = [...action.matchAll(/^ +(OCTET_\w+): \$\{\{ inputs\.([\w-]+) \}\}$/gm)];
  expect(given.map(([, , input]) => input).sort()).toEqual([...inputs].sort());
  const taken = new Set(script.match(/OCTET_[A-Z_]+/g));
  expect([...taken].sort()).toEqual(given.map(([, name]) => name!).sort());
});

it("runs octet with options that there are, and is a script that a shell reads", () => {
  execFileSync("bash", ["-n", at("scripts/action/gate.sh")]);
  const commands = lines(script).filter((line) => /^octet \w/.test(line));
  expect(commands.map((line) => line.split(" ")[1])).toEqual(["quantize", "evaluate", "gate"]);
  for (const line of commands) {
    const [, name, ...rest] = line
      .split(/ [>|]/)[0]!
      .split(/\s+/)
      .map((word) => word.replaceAll('"', ""));
    const argv = rest
      .filter((word) => !/^\$\{\w+\[@\]\}$/.test(word))
      .map((word) => word.replace("$OCTET_SAMPLES", "9"));
    const needed = {
      quantize: ["--data", "d", "--preprocess", "unit"],
      evaluate: ["--data", "d", "--skip", "9", "--labels", "l", "--preprocess", "unit"],
    }[name!];
    expect(readCommandLine([name!, ...argv, ...(needed ?? [])], () => undefined)?.name).toBe(name);
  }
});

it.each(["", "--weights s8 --method minmax", "--weights s8\n  --method minmax\n"])(
  "hands on the options %o",
  (options) => {
    const folder = scratch();
    mkdirSync(join(folder, "cli"));
    const asked = join(folder, "asked");
    writeFileSync(
      join(folder, "cli", "octet.mjs"),
      `import { appendFileSync } from "node:fs";
    appendFileSync(${JSON.stringify(asked)}, JSON.stringify(process.argv.slice(2)) + "\\n");
    console.log('{"files": [{"name": "m.int8.onnx"}], "model": {"name": "m"}}');`,
    );
    const inputs = Object.fromEntries([...script.matchAll(/OCTET_[A-Z_]+/g)].map(([name]) => [name, ""]));
    const env = {
      ...{ ...process.env, ...inputs, OCTET_OUT: join(folder, "out"), OCTET_QUANTIZE_OPTIONS: options },
      ...{ GITHUB_ACTION_PATH: folder, GITHUB_OUTPUT: join(folder, "o"), GITHUB_STEP_SUMMARY: join(folder, "s") },
    };
    execFileSync("bash", [at("scripts/action/gate.sh")], { env });
    const [quantize] = readFileSync(asked, "utf8").split("\n");
    const given = options === "" ? [] : ["--weights", "s8", "--method", "minmax"];
    expect(JSON.parse(quantize!).slice(2)).toEqual([
      "--data",
      "",
      ...given,
      "--samples",
      "",
      "--out",
      join(folder, "out"),
      "--json",
    ]);
    rmSync(folder, { recursive: true });
  },
);

it("is used with inputs that it has by the example", () => {
  const example = readFileSync(at("docs/examples/gate.yml"), "utf8");
  const block = /uses: OWNER\/octet@main\n +with:\n((?: {10}.*\n)+)/.exec(example)![1]!;
  const used = [...block.matchAll(/^ +([\w-]+):/gm)].map(([, name]) => name!);
  expect(used.filter((name) => !membersOf(action, "inputs").includes(name))).toEqual([]);
  for (const name of ["model", "data", "rules"]) expect(used).toContain(name);
});
