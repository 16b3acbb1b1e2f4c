/** The shape of a histogram in a few pixels; `heights` are 0..1. */
export function Sparkline({ heights }: { readonly heights: readonly number[] }) {
  const bars = heights
    .map((height, index) => `M${index + 0.5} 12V${(12 - Math.max(0, height) * 12).toFixed(2)}`)
    .join("");
  return (
    <svg className="sparkline" viewBox={`0 0 ${heights.length} 12`} preserveAspectRatio="none" aria-hidden="true">
      <path d={bars} />
    </svg>
  );
}
