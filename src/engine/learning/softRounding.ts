import {
  abs,
  add,
  clipByValue,
  mul,
  pow,
  type Scalar,
  scalar,
  sigmoid,
  square,
  step,
  sub,
  type Tensor3D,
} from "@tensorflow/tfjs-core";
import { clamp } from "../values/clamp.ts";

/** How far the sigmoid is stretched beyond 0 and 1, so that weights come to lie on them. */
const ZETA = 1.1;
const GAMMA = -0.1;
/** Weights begin no nearer to 0 or 1 than this, where the derivative vanishes. */
const MARGIN = 1e-3;

const BETA_FIRST = 20;
const BETA_LAST = 2;
/** The share of the iterations in which weights move freely. */
const WARM_UP = 0.2;

/** Soft roundings of variables v, from 0 for down to 1 for up, and what follows from them. */
export interface Soft {
  /** The rectified sigmoid h(v) = clip(sigmoid(v) (zeta - gamma) + gamma, 0, 1). */
  readonly h: Tensor3D;
  /** 2h - 1. */
  readonly decided: Tensor3D;
  /** dh/dv, which is 0 where h is clipped. */
  readonly derivative: Tensor3D;
}

export function soften(variables: Tensor3D): Soft {
  const squashed = sigmoid(variables);
  const h: Tensor3D = clipByValue(add(mul(squashed, ZETA - GAMMA), GAMMA), 0, 1);
  const decided: Tensor3D = sub(mul(h, 2), 1);
  const inside = step(sub(1, square(decided)));
  return { h, decided, derivative: mul(mul(mul(squashed, sub(1, squashed)), ZETA - GAMMA), inside) };
}

/** The variables whose h is `fraction`. */
export function variablesOf(fraction: Float32Array): Float32Array {
  return fraction.map((value) => {
    const share = clamp(value, MARGIN, 1 - MARGIN);
    return -Math.log((ZETA - GAMMA) / (share - GAMMA) - 1);
  });
}

/** The derivative by h of sum(1 - |2h - 1|^beta), which is 0 once every weight is up or down; beta is at least 2. */
export function indecision({ decided }: Soft, beta: number): Tensor3D {
  const exponent: Scalar = scalar(beta - 2);
  return mul(mul(decided, pow(abs(decided), exponent)), -2 * beta);
}

/**
 * beta after a share of the iterations: by a cosine from 20, which moves only weights next to 0 and 1, to 2; null in the
 * first fifth, in which weights move freely.
 */
export function betaAt(done: number): number | null {
  if (done <= WARM_UP) return null;
  const share = (done - WARM_UP) / (1 - WARM_UP);
  return BETA_LAST + ((BETA_FIRST - BETA_LAST) * (1 + Math.cos(share * Math.PI))) / 2;
}
