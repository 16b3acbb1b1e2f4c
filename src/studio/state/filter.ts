/** A figure that the filter can ask for. */
export type FilterFigure = "sqnr" | "clipped" | "sens";

export type FilterWord =
  | { readonly text: string }
  | { readonly figure: FilterFigure; readonly holds: (value: number) => boolean };

const COMPARISON = /^(sqnr|clipped|sens)(<=|>=|<|>)(.*)$/;

const HOLDS = {
  "<": (value: number, bound: number) => value < bound,
  "<=": (value: number, bound: number) => value <= bound,
  ">": (value: number, bound: number) => value > bound,
  ">=": (value: number, bound: number) => value >= bound,
} as const;

/**
 * The words of a filter: text, or a comparison such as sqnr<20 (dB), clipped>1% or sens>0.5 (of a full bar). A
 * comparison whose number is still being written is left out.
 */
export function filterWords(filter: string): readonly FilterWord[] {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((word): FilterWord[] => {
      const [, figure, sign, number] = COMPARISON.exec(word) ?? [];
      if (figure === undefined) return [{ text: word }];
      const bound = Number.parseFloat(number!);
      if (Number.isNaN(bound)) return [];
      const unit = figure === "clipped" ? 0.01 : 1;
      const holds = HOLDS[sign as keyof typeof HOLDS];
      return [{ figure: figure as FilterFigure, holds: (value) => holds(value, bound * unit) }];
    });
}
