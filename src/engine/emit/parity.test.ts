import { describe, expect, it } from "vitest";
import { observingSession } from "../calibration/observing.ts";
import { resolveRanges } from "../encode/ranges.ts";
import { prepareModel } from "../graph/prepare.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import { run } from "../graph/testing/native.ts";
import type { ActivationScheme } from "../model/range.ts";
import type { Tensor } from "../model/tensor.ts";
import { affineParameters } from "../numerics/affine.ts";
import { decodeModel } from "../onnx/decode.ts";
import { inputPorts } from "../onnx/ports.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { garments, photographs } from "./testing/shared.ts";
import { planOf } from "./testing/trial.ts";

/** What ONNX Runtime's Python tool found, by tensor: see ../shared/golden/README.md. */
interface Golden {
  readonly tensors: Readonly<Record<string, { kind: string; scale: number; zero_point: number }>>;
}

interface Case {
  readonly golden: string;
  readonly model: string;
  readonly samples: number;
  readonly sampleOf: () => (index: number) => Tensor;
  /** How many activations both tools quantize. */
  readonly common: number;
}

const cases: readonly Case[] = [
  { golden: "fmnist", model: "fmnist_dw_folded", samples: 500, sampleOf: garments, common: 13 },
  {
    golden: "mobilenetv1",
    model: "mobilenet_v1_0.75_224",
    samples: 200,
    sampleOf: () => photographs({ scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] }),
    common: 30,
  },
  {
    golden: "squeezenet",
    model: "squeezenet1.1",
    samples: 200,
    sampleOf: () => photographs({ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
    common: 35,
  },
];

const schemes: readonly (readonly [string, ActivationScheme])[] = [
  ["u8s8_pc", { type: "uint8", symmetric: false }],
  ["u8s8_pt", { type: "uint8", symmetric: false }],
  ["s8s8sym_pc", { type: "int8", symmetric: true }],
];

async function minMaxRanges({ model, samples, sampleOf }: Case) {
  const original = decodeModel(readShared(`models/${model}.onnx`), model);
  const { folded } = await prepareModel(original, (constants) => run(constants), ORT.opset);
  const { plan } = await planOf(folded, {});
  const watch = plan.groups.map(({ id }) => id);
  const inputs = inputPorts(folded).map(({ name }) => name);
  const session = await nodeRuntime().createSession(
    toModelFile(
      exposeOutputs(
        folded,
        watch.filter((name) => !inputs.includes(name)),
      ),
    ),
    { threads: 1 },
  );
  const tensor = sampleOf();
  const observer = observingSession([session], { watch, derived: [], seldom: [] });
  for (let index = 0; index < samples; index++) {
    await observer.observe(new Map([[inputs[0] ?? "", tensor(index)]]), [index]);
  }
  const statistics = await observer.take();
  await observer.dispose();
  return {
    plan,
    rangesOf: (activations: ActivationScheme) =>
      resolveRanges(plan.groups, statistics, { activations, method: "minmax", methods: {}, ranges: {} }),
  };
}

describe("min-max scales and zero points", needsShared, () => {
  it.each(cases)(
    "equal those of ONNX Runtime's tool: $golden",
    async (options) => {
      const { plan, rangesOf } = await minMaxRanges(options);
      for (const [name, scheme] of schemes) {
        const text = new TextDecoder().decode(readShared(`golden/${options.golden}__qdq_${name}_minmax.json`));
        const ranges = rangesOf(scheme);
        let common = 0;
        for (const [tensor, golden] of Object.entries((JSON.parse(text) as Golden).tensors)) {
          const range = ranges.get(plan.groupOf.get(tensor) ?? "");
          if (golden.kind !== "activation" || !range) continue;
          const { scale, zeroPoint } = affineParameters(range, scheme);
          expect(Math.abs(scale / golden.scale - 1), `${name} ${tensor}`).toBeLessThan(1e-6);
          expect(zeroPoint, `${name} ${tensor}`).toBe(golden.zero_point);
          common++;
        }
        expect(common).toBe(options.common);
      }
    },
    300_000,
  );
});
