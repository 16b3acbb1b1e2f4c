import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import * as ort from "onnxruntime-node";
import { repositoryPath } from "./studio.ts";

const PIXELS = 28 * 28;

/** Top-1 of a model of the sample project on its 500 evaluation images, by ONNX Runtime alone: a share. */
export async function sampleAccuracy(model: Uint8Array): Promise<number> {
  const project = JSON.parse(await readFile(repositoryPath("public/sample/project.json"), "utf8"));
  const images = (await gunzipped(project.evaluation.images)).subarray(16);
  const labels = (await gunzipped(project.evaluation.labels)).subarray(8);
  const { scale, mean, std } = project.preprocess;
  const input = Float32Array.from(images, (pixel) => (pixel * scale - mean[0]) / std[0]);
  const session = await ort.InferenceSession.create(model);
  let right = 0;
  for (let index = 0; index < labels.length; index++) {
    const pixels = input.slice(index * PIXELS, (index + 1) * PIXELS);
    const { logits } = await session.run({ image: new ort.Tensor("float32", pixels, [1, 1, 28, 28]) });
    const scores = Array.from(logits!.data as Float32Array);
    if (scores.indexOf(Math.max(...scores)) === labels[index]) right++;
  }
  await session.release();
  return right / labels.length;
}

async function gunzipped(name: string): Promise<Uint8Array> {
  return gunzipSync(await readFile(repositoryPath(`public/sample/${name}`)));
}
