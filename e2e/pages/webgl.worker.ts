import { env } from "@tensorflow/tfjs-core";
import { expose } from "comlink";
import { webglLearner } from "../../src/engine/learning/webgl.ts";
import { learn, tune } from "./tinyLayers.ts";

/** A context in software too, which the app would not take. */
function context(): WebGL2RenderingContext {
  return new OffscreenCanvas(1, 1).getContext("webgl2")!;
}

const api = {
  async learn(iterations: number) {
    const learner = await webglLearner(context());
    return { label: learner.label, layers: await learn(learner, iterations), block: await tune(learner, iterations) };
  },
  async learnInHalfFloats() {
    env().set("WEBGL_FORCE_F16_TEXTURES", true);
    await webglLearner(context());
  },
  async learnWithError() {
    const gl = context();
    const learner = await webglLearner(gl);
    gl.enable(0);
    await learn(learner, 1);
  },
};

export type WebglApi = typeof api;
expose(api);
