import { constantsToInitializers } from "../graph/constants.ts";
import { inlineFunctions } from "../graph/inlineFunctions.ts";
import { InputError } from "../model/job.ts";
import type { FileKind, QuantizedFile } from "../model/quantizedFile.ts";
import { keepsIntegers, quantizedOperator } from "../onnx/checks.ts";
import { opsetOf } from "../onnx/opset.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { describeLayer, type ReadLayer, readGraph } from "../quantized/read.ts";
import { hasFloatLayers } from "./layersLeft.ts";
import { originOf } from "./origin.ts";
import { fingerprint, type ModelSource, readWholeModel } from "./source.ts";

/** A quantized file that is open: what a person is told of it, its layers with their codes, and what runs. */
export interface OpenQuantized {
  readonly file: QuantizedFile;
  readonly layers: readonly ReadLayer[];
  /** Functions inlined, and constants among the initialisers. */
  readonly model: ModelProto;
  readonly source: ModelSource;
}

/** What a file is, before it is opened. Throws InputError as decoding does. */
export async function kindOf(source: ModelSource): Promise<FileKind> {
  const { model } = await readWholeModel(source);
  const { graph } = inlineFunctions(model).model;
  const isQuantized = quantizedOperator(model) !== null || keepsIntegers(model);
  return {
    isQuantized,
    isWhole: isQuantized && graph !== undefined && !hasFloatLayers(graph),
    inputs: inputPorts(model).map(({ name }) => name),
    outputs: outputPorts(model).map(({ name }) => name),
  };
}

/**
 * Reads a model that any tool quantized. Throws InputError when the file is damaged, is no model, or has nothing in it that is quantized.
 */
export async function readQuantized(source: ModelSource): Promise<OpenQuantized> {
  const { model: original, external, bytes } = await readWholeModel(source);
  const { model } = constantsToInitializers(inlineFunctions(original).model);
  if (!model.graph) throw new InputError(`"${source.fileName}" has no graph; export the model again.`);
  const { layers, notices } = readGraph(model.graph);
  if (layers.every(({ form }) => form === "float") && notices.length === 0) {
    throw new InputError(`"${source.fileName}" has no quantized layer; it is a float model.`);
  }
  const file: QuantizedFile = {
    name: source.fileName.replace(/^.*[\\/]/, ""),
    sha256: await fingerprint(source.bytes, external),
    bytes,
    opset: opsetOf(model),
    irVersion: Number(model.irVersion),
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    origin: originOf(original),
    inputs: inputPorts(model),
    outputs: outputPorts(model),
    layers: layers.map(describeLayer),
    notices,
  };
  return { file, layers, model, source };
}
