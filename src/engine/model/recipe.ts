import type { Preprocess } from "./preprocess.ts";
import type { ActivationScheme, Method, Range } from "./range.ts";

/** "auto" is the default of docs/methods.md: it looks at calibration samples only. */
export type MethodChoice = Method | "auto";

export interface Recipe {
  readonly version: 1;
  readonly model: { readonly name: string; readonly sha256: string };
  readonly format: "qdq";
  readonly activations: ActivationScheme;
  readonly weights: { readonly type: "int8"; readonly granularity: "channel" | "tensor" };
  readonly method: MethodChoice;
  /** Methods that differ from `method`, by tensor (the group's id). */
  readonly methods: Readonly<Record<string, Method>>;
  /** Ranges set by hand, by tensor (the group's id). */
  readonly ranges: Readonly<Record<string, Range>>;
  /** What stays in float: layers by node name, operators by type, activations by tensor name. */
  readonly float: {
    readonly layers: readonly string[];
    readonly operators: readonly string[];
    readonly tensors: readonly string[];
  };
  readonly preprocess: Preprocess | null;
  /** Dimensions given to dynamic inputs, and inputs held at one value. */
  readonly inputs: {
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly values: Readonly<Record<string, number>>;
  };
  /** The ranges all of this came to, by group id; null until calibrated. With them the file needs no statistics. */
  readonly resolved: Readonly<Record<string, Range>> | null;
}
