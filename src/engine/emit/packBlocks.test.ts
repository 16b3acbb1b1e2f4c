import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EncodedWeight } from "../encode/weight.ts";
import { blockLayout, quantizeBlocks, scaleCount } from "../numerics/blocks.ts";
import { normalFloats } from "../numerics/normalFloat.ts";
import { isAsymmetric, isCodebook, WEIGHT_TYPES, type WeightType, weightBits, weightLimits } from "../values/codes.ts";
import { packBlocks, packNormalFloats } from "./packBlocks.ts";

const BLOCKED = WEIGHT_TYPES.filter((type) => type !== "nf4" && type !== "float8" && !isCodebook(type));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

/**
 * What MatMulNBitsQuantizer of onnxruntime 1.30 (default RTN, block_size 16) makes of
 * W[k][n] = ((7k + 11n) mod 23 - 9.3) / 8 + ((k k + n) mod 5) / 97.
 */
const PEER: readonly {
  readonly type: WeightType;
  readonly rows: number;
  readonly codes: string;
  readonly scales: readonly number[];
  readonly zeroPoints: string | null;
}[] = [
  {
    type: "uint4",
    rows: 3,
    codes:
      "50e9832db750fa842ec7610b943fd8710ca54fe900000000d8720ca54fe9821da54fd9721cb650e9932fd860000000004fd9731cb650e9832dc750fa942ec7610ca64fe900000000",
    scales: [
      0.18608246743679047, 0.17293815314769745, 0.17293815314769745, 0.17431272566318512, 0.18333333730697632,
      0.15137456357479095, 0.18333333730697632, 0.17431272566318512, 0.17637456953525543,
    ],
    zeroPoints: "668667876687",
  },
  {
    type: "int4",
    rows: 3,
    codes:
      "9e156bc2379d046ab1278de35ab0167cd349a01500000000278de359b0168ce349a0167bd2489e156bd0279f00000000a0167bc2489e156bc2389d046ab1278ce359b01600000000",
    scales: [
      -0.20359213650226593, -0.1841011643409729, -0.1997261643409729, -0.18281249701976776, -0.19843749701976776,
      -0.15413981676101685, -0.20101481676101685, -0.1997261643409729, -0.18667848408222198,
    ],
    zeroPoints: null,
  },
  {
    type: "uint8",
    rows: 2,
    codes:
      "0051a3f33a89da2676c30b5cafff4594f23187da146bc40053a8ff3d93e62178c50053a8ff3e94e6000000000000000086dc176cc40056a9ff3e92e82379d00c5faeff4898ea2f80d3186aba0053a3f6399bff1e81e100650000000000000000",
    scales: [
      0.010946027934551239, 0.010172832757234573, 0.010172832757234573, 0.010253689251840115, 0.010784314014017582,
      0.008904386311769485,
    ],
    zeroPoints: "6a6e62706c75",
  },
  {
    type: "uint2",
    rows: 3,
    codes: "e424495e9324394992e7000049929324794a92e434490000a724494e92e4394992930000",
    scales: [
      0.9304123520851135, 0.8646907806396484, 0.8646907806396484, 0.8715636134147644, 0.9166666865348816,
      0.756872832775116, 0.9166666865348816, 0.8715636134147644, 0.881872832775116,
    ],
    zeroPoints: "959595",
  },
  {
    type: "int2",
    rows: 3,
    codes: "1bcbb6616cdbc6b16d180000b26d2cdb86b16d1bc7b2000018dbb6b16c1bc6b66d2c0000",
    scales: [
      -0.8143685460090637, -0.7364046573638916, -0.7989046573638916, -0.731249988079071, -0.793749988079071,
      -0.6165592670440674, -0.8040592670440674, -0.7989046573638916, -0.7467139363288879,
    ],
    zeroPoints: null,
  },
];

function weightOf(inputs: number, rows: number): Float32Array {
  return Float32Array.from({ length: inputs * rows }, (_, at) => {
    const [k, n] = [Math.floor(at / rows), at % rows];
    return (((7 * k + 11 * n) % 23) - 9.3) / 8 + ((k * k + n) % 5) / 97;
  });
}

/** Rows x blocks turned around, as scales of a matrix in blocks along its first axis lie. */
function turned<T extends Float32Array | Uint8Array>(values: T, rows: number): T {
  const columns = values.length / rows;
  return values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)] as number) as T;
}

/** Reads what the specification says is there, by itself: value k of a row in bits (k mod size) * bits of block k / size. */
function unpacked(packed: Uint8Array, bits: number, size: number, blocks: number, row: number, k: number): number {
  const bit = (row * blocks + Math.floor(k / size)) * size * bits + (k % size) * bits;
  let code = 0;
  for (let i = 0; i < bits; i++) code |= (((packed[(bit + i) >> 3] as number) >> ((bit + i) & 7)) & 1) << i;
  return code;
}

describe("weights in blocks for MatMulNBits", () => {
  it.each(PEER)("are packed to the byte as ONNX Runtime's own tool does: $type", (peer) => {
    const { type, rows } = peer;
    const layout = blockLayout([40, rows], 0, 16);
    const zeros = peer.zeroPoints === null ? null : bytes(peer.zeroPoints);
    const own = zeros && partsOf(zeros, weightBits(type), rows, 3);
    const scales = turned(Float32Array.from(peer.scales), rows);
    const zeroPoints = own && turned(own, rows);
    const codes = quantizeBlocks(weightOf(40, rows), layout, scales, zeroPoints, type);
    const packed = packBlocks(
      encoded({ dims: [40, rows], type, blocks: { axis: 0, size: 16 }, scales, zeroPoints, codes }),
    );
    expect(hex(packed.codes)).toBe(peer.codes);
    expect([...packed.scales]).toEqual(peer.scales.map(Math.fround));
    expect(packed.zeroPoints && hex(packed.zeroPoints)).toBe(peer.zeroPoints);
  });

  it("are where the specification says, of any type and size, along either axis", () => {
    const given = fc.record({
      type: fc.constantFrom(...BLOCKED),
      size: fc.constantFrom(16 as const, 32 as const),
      axis: fc.constantFrom(0, 1),
      inputs: fc.integer({ min: 1, max: 70 }),
      rows: fc.integer({ min: 1, max: 20 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(given, ({ type, size, axis, inputs, rows, seed }) => {
        const dims = axis === 0 ? [inputs, rows] : [rows, inputs];
        const layout = blockLayout(dims, axis, size);
        const [lowest, highest] = weightLimits(type);
        const any = (at: number) => lowest + ((((at + 1) * 2654435761 + seed) % 4294967296) % (highest - lowest + 1));
        const array = isAsymmetric(type) ? Uint8Array : Int8Array;
        const codes = new array(inputs * rows).map((_, at) => any(at));
        const scales = Float32Array.from({ length: scaleCount(layout) }, (_, at) => at + 1);
        const zeroPoints = isAsymmetric(type) ? Uint8Array.from(scales, (_, at) => any(at + 7)) : null;
        const packed = packBlocks(encoded({ dims, type, blocks: { axis, size }, scales, zeroPoints, codes }));
        const bits = weightBits(type);
        const blocks = Math.ceil(inputs / size);
        const offset = isAsymmetric(type) ? 0 : 2 ** (bits - 1);
        expect(packed).toMatchObject({ bits, size, rows, inputs, blocks });
        expect(packed.codes).toHaveLength((rows * blocks * size * bits) / 8);
        expect(packed.zeroPoints?.length ?? null).toBe(zeroPoints && rows * Math.ceil((blocks * bits) / 8));
        for (let row = 0; row < rows; row++) {
          for (let k = 0; k < inputs; k++) {
            const at = axis === 0 ? k * rows + row : row * inputs + k;
            expect(unpacked(packed.codes, bits, size, blocks, row, k)).toBe((codes[at] as number) + offset);
          }
          for (let block = 0; block < blocks; block++) {
            const at = axis === 0 ? block * rows + row : row * blocks + block;
            expect(packed.scales[row * blocks + block]).toBe(scales[at]);
            if (!zeroPoints || !packed.zeroPoints) continue;
            const bytesOfRow = packed.zeroPoints.subarray(row * Math.ceil((blocks * bits) / 8));
            expect(unpacked(bytesOfRow, bits, 64, 1, 0, block)).toBe(zeroPoints[at]);
          }
        }
      }),
    );
  });

  it("of NormalFloats are packed to the byte as its MatMulBnb4Quantizer does, in blocks that go on from one channel to the next", () => {
    const dims = [20, 3] as const;
    const blocks = { axis: 0, size: 16 };
    const { codes, scales } = normalFloats(weightOf(...dims), dims, 0, 16);
    expect(hex(packNormalFloats({ dims, blocks, codes }))).toBe(
      "15bf4ae38d16cf4af39e9e17d15cf3ae28d16cf4f4be39e27d15cf3ae28e",
    );
    expect([...scales]).toEqual([1.6287370920181274, 1.462499976158142, 1.6081185340881348, 1.4728093147277832]);
  });

  it("are those of matrices in blocks alone", () => {
    const whole = encoded({
      dims: [2, 2],
      type: "int4",
      blocks: null,
      scales: Float32Array.of(1),
      codes: new Int8Array(4),
    });
    expect(() => packBlocks(whole)).toThrow("only a matrix in blocks");
  });
});

function encoded(
  part: Pick<EncodedWeight, "dims" | "type" | "blocks" | "scales" | "codes"> & Partial<EncodedWeight>,
): EncodedWeight {
  return { axis: null, zeroPoints: null, rounding: null, bias: null, raised: 0, dead: [], isDeferred: false, ...part };
}

function partsOf(packed: Uint8Array, bits: number, rows: number, count: number): Uint8Array {
  const bytesEach = packed.length / rows;
  return Uint8Array.from({ length: rows * count }, (_, at) =>
    unpacked(packed.subarray(Math.floor(at / count) * bytesEach), bits, count, 1, 0, at % count),
  );
}
