/*
 * From which figure on something is a finding. docs/diagnosis.md says what they were weighed against.
 */

/** What a bit is worth, dB. */
const BIT = 6;
/** Half a bit: what another range or type has to gain at a tensor, dB. */
export const RANGE_GAIN = BIT / 2;
/** Above it an activation loses less than its layer's weights do, and its range is not looked at, dB. */
export const HEALTHY_SQNR = 40;
/** Above it an activation can do without half of its codes, dB. */
export const AMPLE_SQNR = HEALTHY_SQNR + BIT;
/** Below it an activation is poor whatever its range, dB. */
export const POOR_SQNR = 20;
/** Below it most values share a few codes: entropy of the codes, bits. */
export const FEW_BITS = 4;
/** How far a range has to reach beyond the values seen to be called too wide. */
export const WIDE_RANGE = 1.25;
/** The smaller side of a one-sided tensor reaches at most this share of the larger. */
export const ONE_SIDED = 1 / 8;
/** Below it, with every channel or batch counting the same, one scale for all is too coarse, dB. */
export const SPREAD_SQNR = 20;
/** What a scale for each channel has to gain then, or what all have as a whole beyond it: one bit, dB. */
export const SPREAD_GAIN = BIT;
/** An outlier channel reaches so many times as far as the median one. */
export const OUTLIER_REACH = 10;
/** A weight channel is dead whose largest weight is below this share of the tensor's. */
export const DEAD_CHANNEL = 1e-6;
/** Fewer dead channels than this share of a weight are not worth a word. */
export const DEAD_SHARE = 0.1;
/** What raising scales for the bias has to cost the weight, dB. */
export const BIAS_LOSS = 3;
/** What the outputs have to regain, measured, when a layer that nothing else explains is left in float, dB. */
export const SENSITIVE_REGAIN = 1;
/** Losses end here, so that one that would be infinite can be written and sorted, dB. */
export const LARGEST_LOSS = 100;
/** From here on much is lost between what a layer reads and makes: the noise doubles, dB. */
export const MUCH_LOST = 3;
