import { setWebGLContext } from "@tensorflow/tfjs-backend-webgl";
import { eye, matMul, tensor2d, tidy } from "@tensorflow/tfjs-core";
import type { BlockLearner } from "../model/finetuning.ts";
import { tfjsLearner } from "./learner.ts";

const SIZE = 16;
const ANSWER_MS = 10_000;

/**
 * Learns in the shaders of a WebGL 2 context, the only one of its worker that tfjs is ever given. Rejects where they do not
 * compute in float32, as where textures have 16 bits, and where results never come.
 */
export async function webglLearner(gl: WebGL2RenderingContext): Promise<BlockLearner> {
  setWebGLContext(2, gl);
  const failure = () => failureOf(gl);
  const learner = await tfjsLearner({ name: "webgl", label: "WebGL", failure });
  if (!(await keepsFloat32())) throw new Error("WebGL does not compute in float32 here.");
  const failed = failure();
  if (failed) throw new Error(failed);
  return learner;
}

/** WebGL keeps its errors until it is asked; tfjs never asks, and goes on with zeros. */
function failureOf(gl: WebGL2RenderingContext): string | null {
  const error = gl.getError();
  return error === gl.NO_ERROR ? null : `WebGL failed with error 0x${error.toString(16)}.`;
}

/** Multiplies, by one, values that need all bits of float32's mantissa and more than float16's exponents. */
async function keepsFloat32(): Promise<boolean> {
  const values = Float32Array.from(
    { length: SIZE * SIZE },
    (_, i) => (1 + (2 * i + 1) * 2 ** -23) * 2 ** ((i % 61) - 30),
  );
  const product = tidy(() => matMul(tensor2d(values, [SIZE, SIZE]), eye(SIZE)));
  let late: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error("WebGL gave no result.")), ANSWER_MS);
  });
  try {
    const found = await Promise.race([product.data(), tooLate]);
    return values.every((value, i) => found[i] === value);
  } finally {
    clearTimeout(late);
    product.dispose();
  }
}
