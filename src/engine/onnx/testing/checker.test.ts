import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { PEER_PYTHON } from "../../../../scripts/bench/peer.ts";
import { type ModelProto, ModelProtoSchema } from "../proto/onnx_pb.ts";
import { assertValid, faultsOf } from "./checker.ts";
import { graphMutations } from "./graphMutations.ts";
import { blockMutations, layerMutations, narrowMutations } from "./layerMutations.ts";
import { type Mutation, narrow, network, node } from "./mutation.ts";
import { tensorMutations } from "./tensorMutations.ts";

const script = fileURLToPath(new URL("peer_checker.py", import.meta.url));

function broken(base: () => ModelProto, [, change]: Mutation): ModelProto {
  const model = base();
  change(model);
  return model;
}

const cases = [
  ...[...graphMutations, ...tensorMutations, ...layerMutations].map((mutation) => ({
    name: mutation[0],
    base: () => network(),
    mutation,
  })),
  ...narrowMutations.map((mutation) => ({ name: mutation[0], base: () => narrow(false), mutation })),
  ...blockMutations.map((mutation) => ({ name: mutation[0], base: () => narrow(true), mutation })),
];

const valid: readonly (readonly [string, ModelProto])[] = [
  ...[13, 17, 21, 23].map((opset) => [`opset ${opset}`, network(opset)] as const),
  ["int4", narrow(false)],
  ["int4 in blocks", narrow(true)],
];

describe("the checker of the tests", () => {
  test.each(valid)("finds nothing in a valid model: %s", (_, model) => {
    expect(faultsOf(model)).toEqual([]);
  });

  test.each(cases)("refuses $name", ({ base, mutation }) => {
    const faults = faultsOf(broken(base, mutation));
    expect(faults).toEqual(expect.arrayContaining([expect.stringMatching(mutation[2])]));
  });

  test("lists what is wrong with a file", () => {
    const model = network();
    node(model, "relu").opType = "Rely";
    const bytes = toBinary(ModelProtoSchema, model);
    expect(() => assertValid([bytes], "net.onnx")).toThrow(/net\.onnx is not valid ONNX:\nRely "relu" is no operator/);
    assertValid([toBinary(ModelProtoSchema, network())], "net.onnx");
  });
});

describe.skipIf(!existsSync(PEER_PYTHON))(`onnx.checker, with ${PEER_PYTHON}`, () => {
  test("refuses and accepts the same, but for the rules that ONNX has in words alone", () => {
    const folder = mkdtempSync(join(tmpdir(), "octet-checker-"));
    const models = [...valid.map(([, model]) => model), ...cases.map(({ base, mutation }) => broken(base, mutation))];
    writeFileSync(join(folder, "w"), new Uint8Array(108));
    const paths = models.map((model, i) => {
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, toBinary(ModelProtoSchema, model));
      return path;
    });
    const { stdout, stderr } = spawnSync(PEER_PYTHON, [script], {
      cwd: folder,
      input: `${paths.join("\n")}\n`,
      encoding: "utf8",
    });
    rmSync(folder, { recursive: true, force: true });
    const verdicts = stdout.trimEnd().split("\n");
    expect(verdicts.length, stderr).toBe(models.length);
    const names = [...valid.map(([name]) => name), ...cases.map(({ name }) => name)];
    const expected = [
      ...valid.map(() => "accepts"),
      ...cases.map(({ mutation }) => (mutation[3] === "both" ? "refuses" : "accepts")),
    ];
    const said = verdicts.map((verdict, i) => `${names[i]}: ${verdict.split(" ")[0]}`);
    expect(said).toEqual(names.map((name, i) => `${name}: ${expected[i]}`));
  });
});
