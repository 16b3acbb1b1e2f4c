import { decodeModel } from "../decode.ts";
import { concat } from "../encode.ts";
import { isDefaultDomain } from "../opset.ts";
import type { ModelProto } from "../proto/onnx_pb.ts";
import { checkGraph } from "./checkGraph.ts";
import type { Check } from "./checking.ts";

/** The newest IR version and opset that the rules here are of: those of onnx 1.23. */
const NEWEST = { ir: 14, opset: 28 };
/** operators.json starts there, as do the models that Octet writes. */
const OLDEST_OPSET = 13;
/** https://github.com/onnx/onnx/blob/main/docs/Versioning.md: opsets and the IR version each came with. */
const IR_OF_OPSET = [
  [28, 14],
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
] as const;

/**
 * What is wrong with an ONNX model, a sentence each; none for a valid one. The rules are those of onnx.checker.check_model
 * with its type checks, of `checkLinear`, and that the IR version is not older than the opset's from opset 21 on, whose types
 * need it. Shapes are not inferred, and bodies of functions not read.
 */
export function faultsOf(model: ModelProto): string[] {
  const faults: string[] = [];
  const fault = (message: string) => void faults.push(message);
  const ir = Number(model.irVersion);
  if (ir < 3 || ir > NEWEST.ir) fault(`the IR version ${ir} is not one of 3 to ${NEWEST.ir}`);
  const opsets = opsetsOf(model, fault);
  const opset = opsets.get("");
  const least = IR_OF_OPSET.find(([first]) => (opset ?? 0) >= first)?.[1] ?? 0;
  if (ir < least) fault(`opset ${opset} came with IR ${least}; the model's is ${ir}`);
  const keys = model.metadataProps.map(({ key }) => key);
  if (new Set(keys).size < keys.length) fault(`the metadata has a key twice: ${keys.join(", ")}`);
  if (model.graph) checkGraph(model.graph, null, { ir, opsets, fault } satisfies Check);
  else fault("the model has no graph");
  return faults;
}

/** Throws an Error that lists what is wrong with a written file. */
export function assertValid(chunks: readonly Uint8Array[], name: string): void {
  const faults = faultsOf(decodeModel(concat(chunks), name));
  if (faults.length > 0) throw new Error(`${name} is not valid ONNX:\n${faults.join("\n")}`);
}

function opsetsOf({ opsetImport }: ModelProto, fault: (message: string) => void): Map<string, number> {
  const opsets = new Map<string, number>();
  if (opsetImport.length === 0) fault("the model imports no operators");
  for (const { domain, version } of opsetImport) {
    const known = isDefaultDomain(domain) ? "" : domain;
    if (opsets.has(known)) fault(`the domain "${known}" is imported twice`);
    opsets.set(known, Number(version));
  }
  const opset = opsets.get("");
  if (opset !== undefined && (opset < OLDEST_OPSET || opset > NEWEST.opset)) {
    fault(`opset ${opset} is not one of ${OLDEST_OPSET} to ${NEWEST.opset}`);
  }
  return opsets;
}
