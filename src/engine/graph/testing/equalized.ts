import type { Tensor, TensorMap } from "../../model/tensor.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { noise } from "../../onnx/testing/build.ts";
import { relativeDifference, run } from "./native.ts";

/** Values of very different size by output channel. */
export function uneven(dims: readonly number[], seed: number): Tensor {
  const tensor = noise(dims, seed);
  const perChannel = tensor.data.length / (dims[0] ?? 1);
  return {
    ...tensor,
    data: (tensor.data as Float32Array).map((v, i) => v * 10 ** ((Math.floor(i / perChannel) % 5) - 2)),
  };
}

/** The largest relative difference of what two models give. */
export async function difference(model: ModelProto, other: ModelProto, feeds: TensorMap): Promise<number> {
  const expected = await run(model, feeds, false);
  const actual = await run(other, feeds, false);
  return Math.max(...[...expected].map(([name, tensor]) => relativeDifference(tensor, actual.get(name))));
}
