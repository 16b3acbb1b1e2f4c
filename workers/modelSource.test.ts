import { expect, test } from "vitest";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { withWeightsBeside } from "../src/engine/onnx/weightsBeside.ts";
import { findModel } from "./modelSource.ts";

const SIDE = 100;
const network = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, SIDE])],
  outputs: ["y"],
  nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
  constants: { w: noise([SIDE, SIDE], 1) },
});
const WEIGHTS = 4 * SIDE * SIDE;

/** Finds the model below a folder with its weights in a file beside it and another file, of which so many bytes are held. */
async function found(held: number) {
  const { model, parts } = withWeightsBeside(network, "sub/w.data");
  const file = new Blob(encodeModel(model) as Uint8Array<ArrayBuffer>[]);
  const beside = [
    { path: "m/sub/w.data", file: new File([concat(parts) as Uint8Array<ArrayBuffer>], "w.data") },
    { path: "m/other.bin", file: new File([new Uint8Array(9 * WEIGHTS)], "other.bin") },
  ];
  const opened: string[] = [];
  const open = async ({ size }: Blob, name: string) => {
    opened.push(name);
    return { byteLength: size, readInto: () => undefined, sha256: async () => new Uint8Array() };
  };
  const { source, left } = await findModel(file, "net.onnx", beside, open, held);
  const data = await source.readBeside("sub/w.data");
  return { left, opened, isHeld: data instanceof Uint8Array, bytes: data?.byteLength, model: file.size };
}

test("a model is held with the weights that it names, whatever else lies beside it", async () => {
  expect(await found(2 * WEIGHTS)).toMatchObject({ left: null, opened: [], isHeld: true, bytes: WEIGHTS });
  expect(await found(20 * WEIGHTS)).toMatchObject({ left: null, opened: [], isHeld: true, bytes: WEIGHTS });
});

test("of a larger one the weights are left in their file", async () => {
  const { model, ...large } = await found(WEIGHTS);
  expect(large).toEqual({ left: WEIGHTS + model, opened: ["m/sub/w.data"], isHeld: false, bytes: WEIGHTS });
});
