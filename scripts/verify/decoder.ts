import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { intAttribute, intsAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { withFields } from "../../src/engine/onnx/messages.ts";
import {
  TensorProto_DataType as Code,
  TensorProto_DataLocation as Location,
  type NodeProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "../../src/engine/onnx/proto/onnx_pb.ts";
import { vector } from "../../src/engine/onnx/tensor.ts";
import { buildModel, portInfo } from "../../src/engine/onnx/testing/build.ts";

const HIDDEN = 2048;
const INNER = 5632;
const VOCABULARY = 32000;
const LAYER_WEIGHTS = 4 * HIDDEN * HIDDEN + 3 * HIDDEN * INNER;

/** Normal values that all weights are cut from: as many as no period shows in a matrix. */
const NOISE = 2 ** 22 + 4999;

export interface Decoder {
  readonly path: string;
  /** Of its float weights. */
  readonly bytes: number;
}

/**
 * Writes a made-up decoder of at least so many bytes of float32 weights into a folder: an embedding, layers of attention with one head
 * and of a gated product, each after an RMS normalization in parts, and a matrix to the vocabulary; weights in a file beside it.
 */
export function writeDecoder(folder: string, leastBytes: number): Decoder {
  const layers = Math.ceil((leastBytes / 4 - 2 * VOCABULARY * HIDDEN) / LAYER_WEIGHTS);
  const file = new WeightsFile(join(folder, "decoder.onnx_data"), "decoder.onnx_data");
  const nodes: NodeProto[] = [];
  const tensors: TensorProto[] = [];
  const add = (operator: string, inputs: string[], output: string, attributes: Parameters<typeof makeNode>[3] = {}) => {
    nodes.push(makeNode(operator, inputs, [output], { name: output, ...attributes }));
    return output;
  };
  const multiply = (input: string, output: string, dims: readonly [number, number]) => {
    tensors.push(file.add(`${output}.weight`, dims));
    return add("MatMul", [input, `${output}.weight`], output);
  };
  const normalize = (input: string, name: string) => {
    const square = add("Mul", [input, input], `${name}.square`);
    const mean = add("ReduceMean", [square], `${name}.mean`, {
      attributes: [intsAttribute("axes", [-1]), intAttribute("keepdims", 1)],
    });
    const root = add("Sqrt", [add("Add", [mean, "epsilon"], `${name}.sum`)], `${name}.root`);
    tensors.push(file.add(`${name}.gain`, [HIDDEN], 1));
    return add("Mul", [add("Div", [input, root], `${name}.even`), `${name}.gain`], name);
  };
  tensors.push(file.add("embedding", [VOCABULARY, HIDDEN]));
  let state = add("Gather", ["embedding", "tokens"], "embedded");
  for (let at = 0; at < layers; at++) {
    const even = normalize(state, `${at}.before`);
    const [query, key, value] = ["query", "key", "value"].map((part) =>
      multiply(even, `${at}.${part}`, [HIDDEN, HIDDEN]),
    ) as [string, string, string];
    const turned = add("Transpose", [key], `${at}.turned`, { attributes: [intsAttribute("perm", [0, 2, 1])] });
    const scores = add("Mul", [add("MatMul", [query, turned], `${at}.products`), "share"], `${at}.scores`);
    const read = add("MatMul", [add("Softmax", [scores], `${at}.attention`), value], `${at}.read`);
    state = add("Add", [state, multiply(read, `${at}.out`, [HIDDEN, HIDDEN])], `${at}.attended`);
    const again = normalize(state, `${at}.between`);
    const gate = multiply(again, `${at}.gate`, [HIDDEN, INNER]);
    const gated = add("Mul", [gate, add("Sigmoid", [gate], `${at}.open`)], `${at}.swish`);
    const inner = add("Mul", [gated, multiply(again, `${at}.up`, [HIDDEN, INNER])], `${at}.inner`);
    state = add("Add", [state, multiply(inner, `${at}.down`, [INNER, HIDDEN])], `${at}.made`);
  }
  multiply(normalize(state, "last"), "logits", [HIDDEN, VOCABULARY]);
  const bytes = file.close();
  const model = buildModel({
    opset: 17,
    inputs: [portInfo({ name: "tokens", type: "int64", dims: [1, 16] })],
    outputs: [portInfo({ name: "logits", type: "float32", dims: [1, 16, VOCABULARY] })],
    nodes,
    constants: { epsilon: vector("float32", [1e-5]), share: vector("float32", [HIDDEN ** -0.5]) },
  });
  const graph = withFields(model.graph!, { initializer: [...model.graph!.initializer, ...tensors] });
  const path = join(folder, "decoder.onnx");
  writeFileSync(path, concat(encodeModel(withFields(model, { graph }))));
  return { path, bytes };
}

/** A file of weights, written one after the other. */
class WeightsFile {
  readonly #file: number;
  readonly #location: string;
  readonly #noise = normal(2 * NOISE);
  #offset = 0;
  #from = 0;

  constructor(path: string, location: string) {
    this.#file = openSync(path, "w");
    this.#location = location;
  }

  /** A tensor of normal values about a mean, of a deviation as initialization would give. */
  add(name: string, dims: readonly number[], mean = 0): TensorProto {
    const deviation = mean === 0 ? (dims[0] as number) ** -0.5 : 0.1;
    const count = dims.reduce((product, dim) => product * dim, 1);
    for (let done = 0; done < count; done += NOISE) {
      const values = new Float32Array(Math.min(NOISE, count - done));
      for (let i = 0; i < values.length; i++) values[i] = mean + deviation * (this.#noise[this.#from + i] as number);
      this.#from = (this.#from + 7919) % NOISE;
      let written = 0;
      while (written < values.byteLength) written += writeSync(this.#file, values, written);
    }
    const entries = { location: this.#location, offset: String(this.#offset), length: String(4 * count) };
    this.#offset += 4 * count;
    return create(TensorProtoSchema, {
      name,
      dataType: Code.FLOAT,
      dims: dims.map(BigInt),
      dataLocation: Location.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    });
  }

  /** The bytes written. */
  close(): number {
    closeSync(this.#file);
    return this.#offset;
  }
}

/** Seeded values of a standard normal distribution (Box and Muller, 1958). */
function normal(count: number): Float32Array {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  };
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}
