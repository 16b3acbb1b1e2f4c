import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import type { Tensor } from "../../model/tensor.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode, tensorAttribute } from "../../onnx/attributes.ts";
import { withFields } from "../../onnx/messages.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
} from "../../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../../onnx/testing/build.ts";
import { elementCount } from "../../values/dims.ts";

/** Names that something might stumble over; each is given once, and then with a number. */
const NAMES = [
  "__proto__",
  "constructor",
  "a b/c:0",
  "é\n",
  "w.folded",
  "y.bias.folded",
  "p.plain",
  "toString",
  "0",
  "w",
];

/** What one step chooses by, whatever it turns out to choose. */
export interface Step {
  readonly kind: number;
  readonly picks: readonly number[];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.nat(1000),
  picks: fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 }),
});

/** Valid models of a few layers with one float32 input, on whose outputs nothing is known beforehand. */
export const arbitraryModel: fc.Arbitrary<ModelProto> = fc
  .record({
    opset: fc.constantFrom(11, 13, 17),
    dims: fc.constantFrom([2, 3, 5, 4], [1, 4, 4, 4], [2, 6], [3, 2, 4], [1, 3, 6]),
    steps: fc.array(step, { minLength: 1, maxLength: 10 }),
    listed: fc.boolean(),
  })
  .map(({ opset, dims, steps, listed }) => {
    const draft = new Draft(opset, dims);
    for (const each of steps) draft.take(each);
    return draft.model(listed);
  });

interface Activation {
  readonly name: string;
  readonly dims: readonly number[];
}

class Draft {
  readonly #opset: number;
  readonly #input: Activation;
  readonly #activations: Activation[];
  readonly #nodes: NodeProto[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #given = new Map<string, number>();
  readonly #read = new Set<string>();
  #picks: readonly number[] = [];
  #at = 0;
  #seed = 1;

  constructor(opset: number, dims: readonly number[]) {
    this.#opset = opset;
    this.#input = { name: "x", dims };
    this.#activations = [this.#input];
  }

  take({ kind, picks }: Step): void {
    this.#picks = picks;
    this.#at = 0;
    const from = this.#activations.slice(-3);
    const activation = from[this.#pick(from.length)] as Activation;
    const layers = [...PRODUCTS, ...PRODUCTS, ...PRODUCTS, ...LAYERS].filter(({ fits }) => fits(activation.dims));
    layers[kind % layers.length]?.make(this, activation);
  }

  /** The model: all that is read by nothing is an output, and one that is read now and then. */
  model(listed: boolean): ModelProto {
    const made = this.#activations.slice(1);
    const outputs = made.filter(({ name }, i) => !this.#read.has(name) || i % 5 === 3);
    if (outputs.length === 0) {
      const copy = this.add("Identity", [this.#input.name], this.#input.dims);
      outputs.push(copy);
    }
    const names = new Set(outputs.map(({ name }) => name));
    const model = buildModel({
      opset: this.#opset,
      inputs: [floatInput("x", this.#input.dims)],
      outputs: [...names],
      nodes: this.#nodes,
      constants: Object.fromEntries(this.#constants),
    });
    if (!listed || !model.graph) return model;
    const ports = [...this.#constants].map(([name, { type, dims }]) => portInfo({ name, type, dims }));
    return withFields(model, { graph: withFields(model.graph, { input: [...model.graph.input, ...ports] }) });
  }

  /** A number below `count`, by the step. */
  #pick(count: number): number {
    const pick = this.#picks[this.#at++ % this.#picks.length] ?? 0;
    return pick % count;
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.#pick(choices.length)] as T;
  }

  get opset(): number {
    return this.#opset;
  }

  name(): string {
    const base = NAMES[this.#pick(NAMES.length)] as string;
    const count = this.#given.get(base) ?? 0;
    this.#given.set(base, count + 1);
    return count === 0 && base !== "x" ? base : `${base}#${count}`;
  }

  /** A node, and the activation it makes. */
  add(
    op: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes: readonly AttributeProto[] = [],
    more: readonly string[] = [],
  ): Activation {
    const activation = { name: this.name(), dims };
    for (const name of inputs) this.#read.add(name);
    this.#nodes.push(makeNode(op, inputs, [activation.name, ...more], { attributes }));
    this.#activations.push(activation);
    return activation;
  }

  others(dims: readonly number[]): Activation {
    const alike = this.#activations.filter((each) => each.dims.join() === dims.join());
    return alike[this.#pick(alike.length)] as Activation;
  }

  initializer(tensor: Tensor): string {
    const name = this.name();
    this.#constants.set(name, tensor);
    return name;
  }

  ints(...values: readonly number[]): string {
    return this.initializer(vector("int64", values));
  }

  #computed(op: string, inputs: readonly string[], attributes: readonly AttributeProto[] = []): string {
    const name = this.name();
    this.#nodes.push(makeNode(op, inputs, [name], { attributes }));
    return name;
  }

  #noise(dims: readonly number[]): Tensor {
    return noise(dims, this.#seed++);
  }

  /** A constant of a shape: an initialiser, one that is shared, a Constant node, or what follows from others. */
  constant(dims: readonly number[]): string {
    const initializer = () => this.initializer(this.#noise(dims));
    const rank = dims.length;
    const kept = intAttribute("keepdims", 1);
    switch (this.#pick(9)) {
      case 0: {
        const alike = [...this.#constants].filter(
          ([, { type, dims: own }]) => type === "float32" && own.join() === dims.join(),
        );
        return alike[0]?.[0] ?? initializer();
      }
      case 1:
        return this.#computed("Constant", [], [tensorAttribute("value", tensorProto("", this.#noise(dims)))]);
      case 2: {
        const turned = this.initializer(this.#noise([...dims].reverse()));
        return this.#computed("Transpose", [turned]);
      }
      case 3:
        return this.#computed("Mul", [initializer(), this.initializer(scalar("float32", 0.5))]);
      case 4: {
        const source = initializer();
        const norm = this.#computed(
          "ReduceL2",
          [source],
          rank > 0 ? [kept, intsAttribute("axes", [rank - 1])] : [kept],
        );
        return this.#computed("Div", [source, norm]);
      }
      case 5:
        return this.#computed("Reshape", [this.initializer(this.#noise([elementCount(dims)])), this.ints(...dims)]);
      case 6:
        return rank === 2
          ? this.#computed("MatMul", [
              this.initializer(this.#noise([dims[0] as number, 2])),
              this.initializer(this.#noise([2, dims[1] as number])),
            ])
          : this.#computed("Identity", [initializer()]);
      case 7:
        return this.#computed("Pow", [initializer(), this.initializer(scalar("float32", 2))]);
      default:
        return initializer();
    }
  }

  /** Values of at least a half, to divide by. */
  positive(dims: readonly number[]): string {
    const { data, ...rest } = this.#noise(dims);
    return this.initializer({ ...rest, data: (data as Float32Array).map((value) => Math.abs(value) + 0.5) });
  }

  /** A shape that is broadcast to one. */
  operandDims(dims: readonly number[]): readonly number[] {
    const channels = dims.length > 2 ? [dims[1] as number, ...dims.slice(2).map(() => 1)] : [dims.at(-1) as number];
    return this.pick<readonly number[]>([], [1], channels, [1, ...channels], dims, [dims.at(-1) as number]);
  }

  /** What often follows a product: nothing, BatchNormalization, or one that is frozen. */
  normalized({ name, dims }: Activation): void {
    const axis = dims.length > 2 ? 1 : dims.length - 1;
    const channels = dims[axis] as number;
    const shape = [channels, ...dims.slice(axis + 1).map(() => 1)];
    const constant = () => this.constant(this.pick(shape, [...new Array<number>(axis).fill(1), ...shape], [], [1]));
    const chain = this.pick<readonly string[]>(
      [],
      ["norm"],
      ["Mul", "Add"],
      ["Sub", "Mul"],
      ["Div"],
      ["Add"],
      ["norm", "Mul"],
    );
    let from = name;
    for (const op of chain) {
      const made =
        op === "norm" && dims.length > 1
          ? this.add("BatchNormalization", [from, ...this.parameters(dims[1] as number)], dims)
          : op === "Div" || op === "norm"
            ? this.add("Div", [from, this.positive(shape)], dims)
            : this.add(op, this.pick([from, constant()], [constant(), from]), dims);
      from = made.name;
    }
  }

  parameters(channels: number): string[] {
    const shape = [channels];
    return [this.constant(shape), this.constant(shape), this.constant(shape), this.positive(shape)];
  }

  axes(op: string, input: string, values: readonly number[], dims: readonly number[]): void {
    if (this.#opset < 13) this.add(op, [input], dims, [intsAttribute("axes", [...values])]);
    else this.add(op, [input, this.ints(...values)], dims);
  }
}

interface Layer {
  readonly fits: (dims: readonly number[]) => boolean;
  readonly make: (draft: Draft, from: Activation) => void;
}

const always = () => true;
const isPicture = (dims: readonly number[]) => dims.length === 4;
const isMatrix = (dims: readonly number[]) => dims.length === 2;
const hasChannels = (dims: readonly number[]) => dims.length >= 2;

function branch(name: string, op: string, from: string): AttributeProto {
  const inner = makeNode(op, [from], [`${name}_result`]);
  return create(AttributeProtoSchema, {
    name,
    type: 5,
    g: create(GraphProtoSchema, { name, node: [inner], output: [{ name: `${name}_result` }] }),
  });
}

const PRODUCTS: readonly Layer[] = [
  {
    fits: isPicture,
    make: (draft, { name, dims }) => {
      const [n, channels = 1, height = 1, width = 1] = dims;
      const group = draft.pick(1, 1, channels);
      const outputs = draft.pick(1, 2) * (group === 1 ? 3 : channels);
      const size = draft.pick(1, 3);
      const bias = draft.pick([], [""], [draft.constant([outputs])]);
      const pads = intsAttribute("pads", new Array<number>(4).fill((size - 1) / 2));
      const weight = draft.constant([outputs, channels / group, size, size]);
      draft.normalized(
        draft.add(
          "Conv",
          [name, weight, ...bias],
          [n as number, outputs, height, width],
          [pads, intAttribute("group", group)],
        ),
      );
    },
  },
  {
    fits: isPicture,
    make: (draft, { name, dims: [n = 1, channels = 1, height = 1, width = 1] }) => {
      const weight = draft.constant([channels, 2, 2, 2]);
      const strides = intsAttribute("strides", [2, 2]);
      if (height > 8) return;
      draft.normalized(
        draft.add("ConvTranspose", [name, weight, draft.constant([2])], [n, 2, height * 2, width * 2], [strides]),
      );
    },
  },
  {
    fits: isMatrix,
    make: (draft, { name, dims: [rows = 1, inner = 1] }) => {
      const turned = draft.pick(0, 1);
      const weight = draft.constant(turned ? [5, inner] : [inner, 5]);
      const bias = draft.pick(
        [],
        [""],
        [draft.constant([5])],
        [draft.constant([1])],
        [draft.constant([1, 5])],
        [draft.constant([rows, 5])],
      );
      const scales = draft.pick(
        [],
        [floatAttribute("alpha", 0.5), floatAttribute("beta", -2)],
        [floatAttribute("beta", 0)],
      );
      draft.normalized(
        draft.add("Gemm", [name, weight, ...bias], [rows, 5], [intAttribute("transB", turned), ...scales]),
      );
    },
  },
  {
    fits: hasChannels,
    make: (draft, { name, dims }) => {
      draft.normalized(
        draft.add("MatMul", [name, draft.constant([dims.at(-1) as number, 4])], [...dims.slice(0, -1), 4]),
      );
    },
  },
];

const LAYERS: readonly Layer[] = [
  {
    fits: always,
    make: (draft, { name, dims }) => {
      const constant = draft.constant(draft.operandDims(dims));
      draft.add(draft.pick("Add", "Mul", "Sub", "Max"), draft.pick([name, constant], [constant, name]), dims);
    },
  },
  {
    fits: always,
    make: (draft, { name, dims }) => draft.add("Div", [name, draft.positive(draft.operandDims(dims))], dims),
  },
  {
    fits: always,
    make: (draft, { name, dims }) => draft.add(draft.pick("Add", "Mul"), [name, draft.others(dims).name], dims),
  },
  {
    fits: always,
    make: (draft, { name, dims }) =>
      draft.add(draft.pick("Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Identity"), [name], dims),
  },
  {
    fits: always,
    make: (draft, { name, dims }) => {
      const high = draft.initializer(scalar("float32", 2));
      draft.add("Clip", draft.pick([name, "", high], [name, draft.initializer(scalar("float32", -1))], [name]), dims);
    },
  },
  {
    fits: always,
    make: (draft, { name, dims }) => draft.add("Dropout", [name], dims, [], draft.pick([], [""], [draft.name()])),
  },
  {
    fits: hasChannels,
    make: (draft, { name, dims }) => {
      const parameters = draft.parameters(dims[1] as number);
      draft.add("BatchNormalization", [name, ...parameters], dims, [floatAttribute("epsilon", 1e-3)]);
    },
  },
  {
    fits: hasChannels,
    make: (draft, { name, dims }) => {
      const rest = elementCount(dims.slice(1));
      const shape = draft.pick(
        () => draft.ints(dims[0] as number, rest),
        () => draft.ints(0, -1),
      );
      draft.add("Reshape", [name, shape()], [dims[0] as number, rest]);
    },
  },
  {
    fits: always,
    make: (draft, { name, dims }) => {
      const perm = draft.pick(
        dims.map((_, i) => dims.length - 1 - i),
        dims.map((_, i) => (i + 1) % dims.length),
      );
      draft.add(
        "Transpose",
        [name],
        perm.map((axis) => dims[axis] as number),
        [intsAttribute("perm", perm)],
      );
    },
  },
  {
    fits: (dims) => (dims[0] as number) > 1,
    make: (draft, { name, dims: [first = 1, ...rest] }) => {
      const ends = [draft.ints(1), draft.ints(1000)];
      const inputs = draft.pick([...ends], [...ends, draft.ints(0)], [...ends, "", draft.ints(1)]);
      draft.add("Slice", [name, ...inputs], [first - 1, ...rest]);
    },
  },
  {
    fits: (dims) => elementCount(dims) < 2000,
    make: (draft, { name, dims }) => {
      const axis = dims.length - 1;
      const joined = dims.map((dim, i) => (i === axis ? 2 * dim : dim));
      draft.add("Concat", [name, draft.others(dims).name], joined, [intAttribute("axis", draft.pick(axis, -1))]);
    },
  },
  {
    fits: always,
    make: (draft, { name, dims }) => {
      const condition = draft.initializer(scalar("bool", draft.pick(0, 1)));
      draft.add("If", [condition], dims, [branch("then_branch", "Neg", name), branch("else_branch", "Abs", name)]);
    },
  },
  {
    fits: isPicture,
    make: (draft, { name, dims }) => {
      const attributes = [intsAttribute("kernel_shape", [3, 3]), intsAttribute("pads", [1, 1, 1, 1])];
      draft.add("MaxPool", [name], dims, attributes, draft.pick([], [""], [draft.name()]));
    },
  },
  {
    fits: always,
    make: (draft, { name, dims }) => draft.axes("Unsqueeze", name, [0], [1, ...dims]),
  },
  {
    fits: (dims) => dims.length > 1 && dims[0] === 1,
    make: (draft, { name, dims }) => draft.axes("Squeeze", name, [0], dims.slice(1)),
  },
  {
    fits: always,
    make: (draft, { name, dims }) => {
      const pads = [...dims.map(() => 0), ...dims.map((_, i) => (i === 0 ? 1 : 0))];
      const value = draft.pick([], [""], [draft.initializer(scalar("float32", 3))]);
      draft.add(
        "Pad",
        [name, draft.ints(...pads), ...value],
        dims.map((dim, i) => (i === 0 ? dim + 1 : dim)),
      );
    },
  },
  {
    fits: hasChannels,
    make: (draft, { name, dims }) => {
      const kept = [intsAttribute("axes", [-1]), intAttribute("keepdims", 1)];
      draft.add("ReduceMean", [name], [...dims.slice(0, -1), 1], kept);
    },
  },
];
