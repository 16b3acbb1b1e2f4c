import type { TensorProto, TypeProto } from "../proto/onnx_pb.ts";
import { TensorProto_DataType as Code } from "../proto/onnx_pb.ts";

/** What a check is told of the model, and where it reports what is wrong. */
export interface Check {
  readonly ir: number;
  /** The version of each domain that is imported; ONNX's own is "". */
  readonly opsets: ReadonlyMap<string, number>;
  fault(message: string): void;
}

/** What is known of a tensor before the model runs. */
export interface Known {
  /** As in operator schemas: "float", "int64", "seq(float)". */
  readonly type?: string | undefined;
  /** Of an initialiser. */
  readonly tensor?: TensorProto | undefined;
}

/** The tensors that a node may read: those of its graph so far, and of the graphs around it. */
export class Scope {
  readonly #own = new Map<string, Known>();
  readonly #outer: Scope | null;

  constructor(outer: Scope | null) {
    this.#outer = outer;
  }

  add(name: string, known: Known): void {
    this.#own.set(name, known);
  }

  /** Whether the graph itself has the tensor. */
  owns(name: string): boolean {
    return this.#own.has(name);
  }

  get(name: string): Known | undefined {
    return this.#own.get(name) ?? this.#outer?.get(name);
  }
}

/** A `TensorProto.DataType` as operator schemas name it; undefined for one that ONNX does not have. */
export function typeName(code: number): string | undefined {
  return code === Code.UNDEFINED ? undefined : Code[code]?.toLowerCase();
}

/** A type as operator schemas name it; undefined where it is not said. */
export function typeOf(type: TypeProto | undefined): string | undefined {
  const value = type?.value;
  switch (value?.case) {
    case "tensorType":
      return typeName(value.value.elemType);
    case "sequenceType":
      return `seq(${tensorOf(value.value.elemType)})`;
    case "optionalType":
      return `optional(${tensorOf(value.value.elemType)})`;
    default:
      return undefined;
  }
}

function tensorOf(type: TypeProto | undefined): string {
  const inner = typeOf(type);
  return type?.value.case === "tensorType" ? `tensor(${inner})` : `${inner}`;
}
