import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { toJsonSchema } from "@valibot/to-json-schema";
import { CALIBRATION_FILE } from "../src/engine/artifacts/cache.ts";
import { writeJson } from "../src/engine/artifacts/json.ts";
import { RECIPE_FILE } from "../src/engine/artifacts/recipe.ts";
import { REPORT_FILE } from "../src/engine/artifacts/report.ts";
import { SENSITIVITY_SHARD_FILE } from "../src/engine/artifacts/sensitivityShard.ts";
import { SHARD_FILE } from "../src/engine/artifacts/shard.ts";
import { SIGNATURE_FILE } from "../src/engine/artifacts/signature.ts";
import { PREPROCESS } from "../src/engine/model/preprocess.ts";
import { RANGE } from "../src/engine/model/range.ts";
import { MODEL_NAME, RECIPE } from "../src/engine/model/recipe.ts";
import { type DocumentKind, VERSIONS } from "../src/engine/model/versions.ts";
import { float32, number, type Schema } from "../src/engine/schema/define.ts";

const FILES: Readonly<
  Record<DocumentKind, { readonly schema: Schema; readonly title: string; readonly description: string }>
> = {
  recipe: {
    schema: RECIPE_FILE,
    title: "Octet recipe",
    description:
      'What to do to a model. With the ranges in "resolved", recipe and model determine the quantized file byte for byte.',
  },
  calibration: {
    schema: CALIBRATION_FILE,
    title: "Octet calibration cache",
    description: "What calibration saw of every tensor: enough to choose any method again without the data.",
  },
  report: {
    schema: REPORT_FILE,
    title: "Octet report",
    description: "What was done to a model, with what, and what came of it.",
  },
  shard: {
    schema: SHARD_FILE,
    title: "Octet shard of a calibration",
    description:
      "What one of several runs observed of its part of the samples: octet merge makes a calibration of all.",
  },
  "sensitivity-shard": {
    schema: SENSITIVITY_SHARD_FILE,
    title: "Octet shard of a sensitivity measurement",
    description: "What one of several runs measured of its part of the layers: octet merge puts them together.",
  },
  signature: {
    schema: SIGNATURE_FILE,
    title: "Octet signature of a report",
    description: "Of the bytes of NAME.report.json, by Ed25519 (RFC 8032): octet verify checks it.",
  },
};

/** What JSON Schema has no words for: the reader alone checks it. */
const UNSAID = ["raw_check", "finite"];
const NEVER = { not: {} };

/** What has a name of its own where a document holds it. */
const PARTS: Readonly<Record<string, Schema>> = {
  model: MODEL_NAME,
  preprocess: PREPROCESS,
  range: RANGE,
  recipe: RECIPE,
  number,
  float32,
};

/** The JSON Schema of a document, as docs/schemas has it. */
export function documentSchema(kind: DocumentKind): string {
  const { schema, title, description } = FILES[kind];
  const { $schema, $defs, ...root } = toJsonSchema(schema as never, {
    target: "draft-2020-12",
    typeMode: "input",
    ignoreActions: UNSAID,
    definitions: PARTS as never,
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      const { propertyNames, anyOf, ...said } = jsonSchema;
      if (valibotSchema.type === "nan") return NEVER;
      return anyOf
        ? { ...said, anyOf: anyOf.filter((option) => option !== NEVER && Object.keys(option).length > 0) }
        : said;
    },
  });
  const named = Object.entries($defs ?? {}).filter(([name]) =>
    isUsed(name, root, ($defs ?? {}) as Record<string, object>),
  );
  return writeJson({
    $schema,
    $id: `octet-${kind}-${VERSIONS[kind]}`,
    title: `${title}, version ${VERSIONS[kind]}`,
    description,
    ...root,
    ...(named.length > 0 ? { $defs: Object.fromEntries(named) } : {}),
  });
}

function isUsed(name: string, root: object, parts: Readonly<Record<string, object>>): boolean {
  const refersTo = (part: object, other: string) => JSON.stringify(part).includes(`"#/$defs/${other}"`);
  return (
    refersTo(root, name) ||
    Object.keys(parts).some((other) => other !== name && refersTo(parts[other]!, name) && isUsed(other, root, parts))
  );
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) {
  for (const kind of Object.keys(FILES) as DocumentKind[]) {
    await writeFile(new URL(`../docs/schemas/${kind}.schema.json`, import.meta.url), documentSchema(kind));
  }
}
