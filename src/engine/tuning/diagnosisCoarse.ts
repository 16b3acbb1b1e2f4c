import type { Finding } from "../model/diagnosis.ts";
import type { Statistics } from "../model/statistics.ts";
import { coarseOf } from "../plan/coarse.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { reachIn } from "../plan/reach.ts";
import { significant } from "../values/figures.ts";
import { SPREAD_SQNR } from "./diagnosisThresholds.ts";

export interface CoarseSubject {
  readonly plan: QuantizationPlan;
  readonly statistics: Statistics;
  /** Of a group as the recipe has it; null where nothing was seen of it. */
  readonly scaleOf: (group: string) => number | null;
  /** The layer that computes a tensor, before activation functions fused to it. */
  readonly makerOf: (tensor: string) => LayerPlan | null;
  /** The plan with one tensor more in float. */
  readonly planWithoutTensor: (tensor: string) => QuantizationPlan;
}

/** What is lost since it shares a scale with far larger values, told from ranges alone. */
export function coarseFindings(subject: CoarseSubject): Finding[] {
  const { plan, statistics, scaleOf, makerOf, planWithoutTensor } = subject;
  return coarseOf(plan, reachIn(plan, statistics), scaleOf).map(({ group, lost, reach, scale }): Finding => {
    const steps = reach / scale;
    const left = steps < 0.5 ? 0 : Math.max(0, 20 * Math.log10(2 * steps));
    const without = planWithoutTensor(group);
    const turned = plan.layers.filter(({ reason, weight }, at) => {
      return reason === null && weight !== null && without.layers[at]?.reason !== null;
    });
    const too = turned.length === 0 ? "" : `, and with it ${turned.map(({ id }) => id).join(", ")}`;
    return {
      layer: makerOf(group)?.id ?? `input ${group}`,
      cause: "small-part",
      sentence:
        lost === group
          ? `The range of ${group} is far wider than what it holds.`
          : `${lost} is far smaller than what it shares the scale of ${group} with.`,
      figure: `${lost} within ${significant(reach)}, a step of ${group} is ${significant(scale)}`,
      loss: SPREAD_SQNR - left,
      remedy: without.groupOf.has(group)
        ? null
        : {
            edit: { kind: "float-tensor", tensor: group },
            sentence: `Leave ${group} in float${too}: nothing of it is then rounded.`,
          },
    };
  });
}
