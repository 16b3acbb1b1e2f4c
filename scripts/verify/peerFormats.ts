import { join } from "node:path";
import { lastLineOf } from "../bench/apart.ts";
import { PEER_PYTHON } from "../bench/peer.ts";
import { TOOLS } from "./judge.ts";

/**
 * How ../shared/peers/baselines.py makes the rows of ../shared/golden/formats.json. Below opset 13, of 4 bits in a DequantizeLinear and of
 * tables 21, it writes files that do not load. What needs torch, and what is a mended tool's, is not here and cannot be made anew.
 */
const MADE: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ["static", "static-core", "static-pt", "s8s8", "a16", "a16s", "qop", "qop-pt", "dynamic", "dynamic-sub"].map(
      (format) => [format, [format, "--raise-opset", "13"]],
    ),
  ),
  "static-percentile": ["static", "--method", "Percentile", "--raise-opset", "13"],
  "static-entropy": ["static", "--method", "Entropy", "--raise-opset", "13"],
  "int4-gather-21": ["int4-gather", "--raise-opset", "21"],
  "int4-qdq-21": ["int4-qdq", "--raise-opset", "21"],
  ...Object.fromEntries(["int8-wo", "int4-sym", "int4-asym", "fp16", "q4f16"].map((format) => [format, [format]])),
};

/** The peer's own file of one of its rows, made anew on the samples of an archive; null where that cannot be made here. */
export async function peerFile(
  float: string,
  row: string,
  folder: string,
  calibration: string,
): Promise<string | null> {
  const [format, ...options] = own(row) ?? [];
  if (format === undefined) return null;
  const out = join(folder, `${row}.onnx`);
  try {
    await lastLineOf(
      PEER_PYTHON,
      [`${TOOLS}baselines.py`, float, format, out, "--calib", calibration, ...options],
      folder,
    );
    return out;
  } catch (error) {
    console.error(`    the peer's ${row} is not made: ${String(error).slice(0, 200)}`);
    return null;
  }
}

const own = (row: string) => (Object.hasOwn(MADE, row) ? MADE[row] : undefined);
