import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ModelKind } from "../model/advice.ts";
import { TARGET_NAMES, type TargetName } from "../model/target.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { withSettings } from "../recipe/change.ts";
import { withTarget } from "../recipe/edits.ts";
import { TARGETS } from "../targets/index.ts";
import { refusalOf } from "../targets/target.ts";
import type { AdviceFacts } from "./facts.ts";
import { optionsFor } from "./options.ts";
import * as references from "./references.ts";

const KINDS: readonly ModelKind[] = [
  "decoder",
  "encoder",
  "recurrent",
  "bytes",
  "detector",
  "depthwise",
  "cnn",
  "other",
];
const FRONT = { layers: ["real", "imaginary", "mel"], evidence: "powers", isLogarithmic: true };

function facts(kind: ModelKind, target: TargetName, frontEnd: AdviceFacts["frontEnd"] = null): AdviceFacts {
  return {
    kinds: [{ kind, evidence: "It is." }],
    frontEnd,
    target: TARGETS[target],
    base: withTarget({ ...PLAIN_RECIPE, elementwise: "auto" }, target),
    weighted: ["real", "imaginary", "mel", "head"],
    loss: { channel: 38, tensor: 12 },
  };
}

const preferred = (asked: AdviceFacts) => {
  const { options, preferred: at } = optionsFor(asked);
  return options[at]!;
};

describe("what is advised", () => {
  it("is taken by the target, and begins with what that sets; every choice has a reason and what it goes by", () => {
    for (const target of TARGET_NAMES) {
      for (const kind of KINDS) {
        const asked = facts(kind, target, kind === "cnn" ? FRONT : null);
        const { options } = optionsFor(asked);
        expect(withSettings(asked.base, options[0]!.settings)).toEqual(asked.base);
        for (const { settings, choices, name } of options) {
          expect(
            refusalOf(TARGETS[target], withSettings(asked.base, settings)),
            `${target}, ${kind}, ${name}`,
          ).toBeNull();
          for (const { why, basis } of choices) {
            expect(why).toMatch(/\.$/);
            expect(basis).toMatch(/\S/);
          }
        }
      }
    }
  });

  it("gives a rule of the target as the reason of what that rule settles, and of nothing else", () => {
    const subjects = { Format: "format", Weights: "weights", Activations: "activations" } as const;
    for (const target of TARGET_NAMES) {
      const { choices } = preferred({ ...facts("cnn", target), loss: null });
      for (const { setting, why, basis } of choices) {
        const subject = setting === "Layers without weights" ? "elementwise" : subjects[setting as "Format"];
        const rule = TARGETS[target].rules.find(({ says }) => says === why);
        expect(basis.startsWith("It is a rule"), `${target}, ${setting}`).toBe(rule !== undefined);
        if (rule) expect(rule.settles, `${target}, ${setting}`).toContain(subject);
      }
    }
  });

  it.each([
    ["cnn", "ort-cpu", "qdq"],
    ["depthwise", "ort-cpu", "qdq"],
    ["detector", "openvino", "qdq"],
    ["recurrent", "ort-cpu", "qdq"],
    ["bytes", "ort-web", "qdq"],
    ["encoder", "ort-cpu", "qdq"],
    ["decoder", "ort-web", "dynamic"],
    ["decoder", "transformers.js", "dynamic"],
    ["decoder", "ort-webgpu", "float16"],
    ["cnn", "ort-webgpu", "weights"],
    ["decoder", "qnn", "qdq"],
  ] as const)("of a %s for %s is %s without data", (kind, target, format) => {
    expect(preferred(facts(kind, target)).settings.format).toBe(format);
  });

  it("considers blocks of 4 bits for decoders that are multiplied on the processor, and for nothing else", () => {
    const blocked = (kind: ModelKind, target: TargetName) =>
      optionsFor(facts(kind, target)).options.filter(({ settings }) => settings.weights.block !== undefined).length;
    expect(TARGET_NAMES.filter((target) => blocked("decoder", target) > 0)).toEqual([
      ...(["ort-cpu", "ort-cpu-avx2", "ort-web", "ort-webgpu", "transformers.js"] as const),
    ]);
    expect(blocked("encoder", "ort-cpu")).toBe(0);
  });

  it("leaves a spectrogram whose logarithm is taken in float and its neighbours in integers", () => {
    expect(preferred(facts("cnn", "ort-cpu", FRONT)).settings).toMatchObject({
      format: "qdq",
      float: { layers: [], stored: FRONT.layers },
    });
    expect(preferred(facts("cnn", "tensorrt", FRONT)).settings.float).toEqual({
      layers: FRONT.layers,
      operators: [],
      tensors: [],
    });
    for (const target of ["ort-webgpu", "integer-only"] as const) {
      expect(preferred(facts("cnn", target, FRONT)).settings.float).toEqual(facts("cnn", target).base.float);
    }
    const calm = { ...FRONT, isLogarithmic: false };
    expect(preferred(facts("recurrent", "ort-cpu", calm)).settings.float.stored).toBeUndefined();
  });

  it("says what this model's own weights keep", () => {
    const weights = preferred(facts("cnn", "ort-cpu")).choices.find(({ setting }) => setting === "Weights");
    expect(weights?.why).toContain("38.0 dB of its weights with a scale a channel, and 12.0 dB with one a tensor");
    expect(weights?.basis).toContain("this model's weights");
  });
});

describe("figures of models that were measured", () => {
  const sentences = Object.values(references).flatMap((each) => ("says" in each ? [each] : Object.values(each)));

  it("stand in docs/advice.md, with the model", () => {
    const document = readFileSync(new URL("../../../docs/advice.md", import.meta.url), "utf8");
    for (const reference of sentences) {
      if (reference === null) continue;
      for (const figure of reference.says.match(/\d+(?:\.\d+)?/g) ?? []) {
        if (!["4", "8", "16"].includes(figure)) expect(document, reference.says).toContain(figure);
      }
      const [name = ""] = reference.on.split(/,|'| and /);
      expect(document).toContain(name);
    }
  });
});
