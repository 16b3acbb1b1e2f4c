/** The number that a figure shows, without its unit. */
export function numberOf(figure: string): number {
  return Number.parseFloat(figure.replaceAll("−", "-").replaceAll(",", ""));
}
