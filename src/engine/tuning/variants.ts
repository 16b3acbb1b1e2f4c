import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { PlanChoices } from "../plan/candidates.ts";
import { type LayerPlan, planQuantization, type QuantizationPlan } from "../plan/plan.ts";
import type { DataType } from "../values/elementTypes.ts";
import type { Forms, Subject } from "./forms.ts";
import type { Unit } from "./units.ts";

export type VariantKind = "weights" | "activations" | "alone" | "without";

/** A model in which some units are not as they are in the float model, or in the quantized one. */
export interface Variant {
  /** The unit that it is about. */
  readonly unit: number;
  readonly kind: VariantKind;
  readonly base: "float" | "quantized";
  /** The forms of the units that differ. */
  readonly changes: ReadonlyMap<number, string>;
}

export interface Variants {
  /** Of each unit, as it is in the float and in the quantized model, and as variants need it; "float" first. */
  readonly forms: readonly ReadonlyMap<string, ModelProto>[];
  /** The form of a unit in a base. */
  readonly formIn: (base: Variant["base"], unit: number) => string;
  readonly variants: readonly Variant[];
}

/** Every unit that is measured alone (its weights, its activations, both) and left out, in the order of units. */
export function variantsOf(
  subject: Subject,
  cutter: Forms,
  units: readonly Unit[],
  types: ReadonlyMap<string, DataType | "other">,
  choices: PlanChoices,
): Variants {
  return new VariantList(subject, cutter, units, types, choices).build();
}

class VariantList {
  readonly #plan: QuantizationPlan;
  readonly #forms: Map<string, ModelProto>[] = [];
  readonly #subject: Subject;
  readonly #cutter: Forms;
  readonly #units: readonly Unit[];
  readonly #types: ReadonlyMap<string, DataType | "other">;
  readonly #choices: PlanChoices;

  constructor(
    subject: Subject,
    cutter: Forms,
    units: readonly Unit[],
    types: ReadonlyMap<string, DataType | "other">,
    choices: PlanChoices,
  ) {
    this.#subject = subject;
    this.#plan = subject.plan;
    this.#cutter = cutter;
    this.#units = units;
    this.#types = types;
    this.#choices = choices;
  }

  build(): Variants {
    for (const unit of this.#units) this.#forms.push(this.#usualForms(unit));
    const variants = this.#units.flatMap((unit, at) => (unit.isMeasured ? this.#variantsOf(unit, at) : []));
    return {
      forms: this.#forms,
      formIn: (base, unit) => (base === "float" ? "float" : this.#quantizedForm(unit)),
      variants,
    };
  }

  /** The unit in float, with its corrected bias where that differs, and quantized where it is. */
  #usualForms({ positions, makes }: Unit): Map<string, ModelProto> {
    const { float, corrected } = this.#subject;
    const forms = new Map([["float", this.#cutter.float(positions, makes)]]);
    if (positions.some((at) => float.graph?.node[at] !== corrected.graph?.node[at])) {
      forms.set("corrected", this.#cutter.float(positions, makes, "corrected"));
    }
    const layers = (at: number) => this.#plan.layers[at] as LayerPlan;
    if (positions.some((at) => layers(at).reason === null)) {
      forms.set("quantized", this.#cutter.quantized(positions, makes, { layers, isRounded: () => true }));
    }
    return forms;
  }

  #floatForm(unit: number): string {
    return this.#forms[unit]?.has("corrected") ? "corrected" : "float";
  }

  #quantizedForm(unit: number): string {
    return this.#forms[unit]?.has("quantized") ? "quantized" : this.#floatForm(unit);
  }

  #variantsOf(unit: Unit, at: number): Variant[] {
    const alone = this.#aloneForms(unit, at);
    const ofFloat = Object.entries(alone).map(
      ([kind, form]): Variant => ({
        unit: at,
        kind: kind as VariantKind,
        base: "float",
        changes: new Map([[at, form]]),
      }),
    );
    return [...ofFloat, { unit: at, kind: "without", base: "quantized", changes: this.#changesWithout(unit) }];
  }

  /** Kernels that do not round their result do so only for an 8-bit reader, which a unit alone has not. */
  #aloneForms({ positions, makes }: Unit, at: number): Partial<Record<VariantKind, string>> {
    const planned = (position: number) => this.#plan.layers[position] as LayerPlan;
    const leader = planned(positions[0] as number);
    const own = new Set(positions.flatMap((position) => planned(position).node.output));
    const keeps = leader.descriptor?.kind === "weighted" && this.#plan.target.givesFloat.has(leader.operator);
    const isRounded = (tensor: string) => !(keeps && own.has(tensor));
    const forms = this.#forms[at]!;
    let alone = "quantized";
    if (keeps && makes.some((name) => this.#plan.groupOf.has(name))) {
      alone = "alone";
      forms.set(alone, this.#cutter.quantized(positions, makes, { layers: planned, isRounded }));
    }
    if (!leader.weightUse) return { alone };
    forms.set("weights", this.#cutter.rounded(positions, makes));
    const layers = (position: number) => ({ ...planned(position), weightUse: null });
    forms.set("activations", this.#cutter.quantized(positions, makes, { layers, isRounded }, "float"));
    return { weights: "weights", activations: "activations", alone };
  }

  /** Units that are not as in the quantized model once the recipe leaves one more in float: its neighbours may follow. */
  #changesWithout(unit: Unit): Map<number, string> {
    const ids = unit.positions.map((at) => this.#plan.layers[at]!.id);
    const { float } = this.#choices;
    const choices = { ...this.#choices, float: { ...float, layers: [...float.layers, ...ids] } };
    const { index, target, written } = this.#plan;
    const plan = planQuantization(index.graph, this.#types, choices, target, written?.shapeOf, written?.opset);
    const groups = new Map(plan.groups.map((group) => [group.id, group]));
    const changes = new Map<number, string>();
    for (const [at, { positions, makes }] of this.#units.entries()) {
      const signature = signatureOf(positions, plan);
      if (signature === signatureOf(positions, this.#plan)) continue;
      const form = signature === "" ? this.#floatForm(at) : signature;
      changes.set(at, form);
      if (this.#forms[at]!.has(form)) continue;
      const treatment = {
        layers: (position: number) => plan.layers[position]!,
        isRounded: (tensor: string) => plan.groupOf.has(tensor),
        groups,
      };
      this.#forms[at]!.set(form, this.#cutter.quantized(positions, makes, treatment));
    }
    return changes;
  }
}

/** What tells two treatments of a unit apart: its 8-bit layers, and what they read and make rounded; "" in float. */
function signatureOf(positions: readonly number[], plan: QuantizationPlan): string {
  const widths = new Map(plan.groups.flatMap(({ id, wide }) => (wide ? [[id, wide] as const] : [])));
  return positions
    .flatMap((at) => {
      const { node, reason, follower, wide } = plan.layers[at]!;
      if (reason !== null) return [];
      const rounded = [...node.input, ...node.output].flatMap((name) => {
        const group = plan.groupOf.get(name);
        return group === undefined ? [] : [widths.has(group) ? `${name} ${widths.get(group)}` : name];
      });
      return [`${at}${follower ? "+" : ""}${wide ? " wide" : ""} ${rounded.join()}`];
    })
    .join(";");
}
