import { readFileSync } from "node:fs";

/** One input or output of an operator, or the last ones of any number. */
export interface Parameter {
  /** A type variable of the schema, or a type. */
  readonly type: string;
  readonly option: "single" | "optional" | "variadic" | "mixed";
}

export interface Ports {
  readonly least: number;
  readonly most: number;
  readonly parameters: readonly Parameter[];
}

/** An operator of ONNX as it is from one opset on. */
export interface Schema {
  readonly since: number;
  readonly isDeprecated: boolean;
  readonly inputs: Ports;
  readonly outputs: Ports;
  /** The types that each type variable may stand for. */
  readonly variables: ReadonlyMap<string, ReadonlySet<string>>;
  readonly attributes: ReadonlyMap<string, { readonly type: string; readonly isRequired: boolean }>;
}

/** Written by operators.py, which says how to read it. */
const table: { readonly types: readonly string[]; readonly operators: Readonly<Record<string, readonly string[]>> } =
  JSON.parse(readFileSync(new URL("operators.json", import.meta.url), "utf8"));

const OPTIONS: Readonly<Record<string, Parameter["option"]>> = { "?": "optional", "*": "variadic", "~": "mixed" };

const schemas = new Map(Object.entries(table.operators).map(([name, lines]) => [name, lines.map(parse)]));

/** The schema of an operator of ONNX's own domain in force at an opset; undefined where there is none. */
export function schemaOf(operator: string, opset: number): Schema | undefined {
  return schemas.get(operator)?.findLast(({ since }) => since <= opset);
}

/** The parameter that a position belongs to; undefined past the last. */
export function parameterAt({ parameters }: Ports, position: number): Parameter | undefined {
  const last = parameters.at(-1);
  return parameters[position] ?? (last?.option === "variadic" || last?.option === "mixed" ? last : undefined);
}

function parse(line: string): Schema {
  const [since = "", inputCount = "", inputs, outputCount, outputs, variables, attributes] = line
    .split("|")
    .map((part) => part.trim());
  return {
    since: Number(since),
    isDeprecated: inputCount === "deprecated",
    inputs: ports(inputCount, inputs),
    outputs: ports(outputCount, outputs),
    variables: new Map(
      words(variables).map((word) => {
        const [name = "", set = ""] = word.split("=");
        return [name, new Set(words(table.types[Number(set)]))];
      }),
    ),
    attributes: new Map(
      words(attributes).map((word) => {
        const [name = "", type = ""] = word.split("=");
        return [name, { type: type.replace("!", ""), isRequired: type.endsWith("!") }];
      }),
    ),
  };
}

function ports(count = "", parameters = ""): Ports {
  const [least = "", most = ""] = count.split("..");
  return {
    least: Number(least),
    most: most === "" ? Number.POSITIVE_INFINITY : Number(most),
    parameters: words(parameters).map((word) => {
      const option = OPTIONS[word.at(-1) ?? ""];
      return { type: option ? word.slice(0, -1) : word, option: option ?? "single" };
    }),
  };
}

function words(text = ""): string[] {
  return text.split(" ").filter(Boolean);
}
