import {
  add,
  div,
  exp,
  keep,
  mul,
  reshape,
  sum,
  type Tensor,
  type Tensor2D,
  tensor,
  tidy,
  transpose,
  type Variable,
  variable,
  zeros,
} from "@tensorflow/tfjs-core";
import type { BlockLayer, TunedLayer } from "../model/finetuning.ts";
import { clamp } from "../values/clamp.ts";
import { roundHalfEven } from "../values/round.ts";
import { roundWeight, withinCodes } from "./fakeQuantize.ts";
import { products } from "./linear.ts";

/** How far one step of Adam moves a code, the logarithm of a scale, and a bias in shares of the biases' root mean square, at most. */
const CODE_STEP = 0.002;
const SCALE_STEP = 0.0005;
const BIAS_STEP = 0.001;

/** Slopes of a layer's input, null where they are not wanted, and of its variables. */
interface LayerSlopes {
  readonly input: Tensor | null;
  readonly variables: readonly Tensor[];
}

/** What is learned of one layer: codes before rounding, how much larger scales are, and what is added to biases. */
export class BlockParameters {
  readonly variables: readonly Variable[];
  readonly layer: BlockLayer;
  readonly #codes: Variable;
  readonly #growth: Variable;
  readonly #shift: Variable | null;
  readonly #scales: Tensor2D;
  /** The least and the greatest code of each channel, counted from its zero point. */
  readonly #limits: readonly [Tensor2D, Tensor2D];
  readonly #rate: number;

  constructor(layer: BlockLayer) {
    this.layer = layer;
    const { channels, inputs, scales, bias, limits, zeroPoints } = layer;
    const zeroPoint = (channel: number) => zeroPoints?.[channel] ?? 0;
    const row = (values: Float32Array) => keep(tensor(values, [1, channels]) as Tensor2D);
    this.#scales = row(scales);
    const [least, most] = limits.map((limit) => row(scales.map((_, channel) => limit - zeroPoint(channel))));
    this.#limits = [least as Tensor2D, most as Tensor2D];
    this.#codes = tidy(() => {
      const exact = div(columns(layer, layer.weight), this.#scales);
      const codes = Float32Array.from(layer.codes, (code, at) => code - zeroPoint(Math.floor(at / inputs)));
      return variable(withinCodes(exact, columns(layer, codes)));
    });
    this.#growth = variable(zeros([1, channels]));
    this.#shift = bias && variable(zeros([channels]));
    this.#rate = bias ? Math.sqrt(bias.reduce((sum, value) => sum + value * value, 0) / bias.length) || 1 : 0;
    this.variables = [this.#codes, this.#growth, ...(this.#shift ? [this.#shift] : [])];
  }

  /** How far a step moves each of `variables`. */
  get rates(): readonly number[] {
    return [CODE_STEP, SCALE_STEP, BIAS_STEP * this.#rate];
  }

  /** What the layer makes of an input, and how slopes go back: to the input, and to `variables`. */
  apply(input: Tensor): { readonly value: Tensor; back(slopes: Tensor, wantsInput: boolean): LayerSlopes } {
    const { form, bias, channels } = this.layer;
    const scales = mul(this.#scales, exp(this.#growth)) as Tensor2D;
    const weight = roundWeight(this.#codes as Tensor as Tensor2D, scales, this.#limits);
    const made = products(form, input, weight.value);
    return {
      value: bias && this.#shift ? add(made.value, add(tensor(bias), this.#shift)) : made.value,
      back(slopes, wantsInput) {
        const by = made.back(slopes, wantsInput);
        const { codes, growth } = weight.back(by.weight);
        const shift = bias ? [sum(reshape(slopes, [-1, channels]), 0)] : [];
        return { input: by.input, variables: [codes, growth, ...shift] };
      },
    };
  }

  async tuned(): Promise<TunedLayer> {
    const { channels, inputs, limits, scales, zeroPoints } = this.layer;
    const rows = tidy(() => byRows(this.layer, this.#codes as Tensor as Tensor2D));
    const values = await rows.data();
    rows.dispose();
    const growth = await this.#growth.data();
    return {
      codes: Int8Array.from({ length: channels * inputs }, (_, at) =>
        clamp(roundHalfEven(values[at] as number) + (zeroPoints?.[Math.floor(at / inputs)] ?? 0), ...limits),
      ),
      scales: scales.map((scale, at) => scale * Math.exp(growth[at] as number)),
      shift: this.#shift && ((await this.#shift.data()) as Float32Array).slice(),
    };
  }

  dispose(): void {
    for (const each of this.variables) each.dispose();
    for (const each of [this.#scales, ...this.#limits]) each.dispose();
  }
}

/** Rows of output channels as [inputs, channels], whose inputs are by height, width and channel where they are a convolution's. */
function columns({ form, channels, inputs }: BlockLayer, rows: Float32Array): Tensor2D {
  if (form.kind === "matmul") return transpose(tensor(rows, [channels, inputs]) as Tensor2D);
  const area = form.kernel[0] * form.kernel[1];
  return reshape(transpose(tensor(rows, [channels, inputs / area, area]), [2, 1, 0]), [inputs, channels]) as Tensor2D;
}

function byRows({ form, channels, inputs }: BlockLayer, of: Tensor2D): Tensor {
  if (form.kind === "matmul") return transpose(of);
  const area = form.kernel[0] * form.kernel[1];
  return reshape(transpose(reshape(of, [area, inputs / area, channels]), [2, 1, 0]), [channels, inputs]);
}
