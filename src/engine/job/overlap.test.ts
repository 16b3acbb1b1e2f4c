import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { openDataset } from "../data/dataset.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import { joinPrints, printsIn } from "../recipe/prints.ts";
import { unseenNotices } from "./overlap.ts";
import { printing } from "./prints.ts";
import { context } from "./testing/settledCase.ts";

const port = { name: "x", type: "float32", dims: [1, 2] } as const;
const open = (values: readonly number[], seed: number | null = null, path = "x.npy") =>
  openDataset(
    [memoryFile(path, npyBytes("<f4", [values.length, 2], Float32Array.from(values.flatMap((value) => [value, 1]))))],
    { inputs: { open: [port], held: [] }, preprocess: null, decoders: nodeDecoders, seed },
  );
const numbers = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);

/** What a recipe keeps that was calibrated on the first samples. */
async function taughtBy(data: Awaited<ReturnType<typeof open>>, samples: number) {
  const { dataset, of } = printing(data, null);
  for (let index = 0; index < samples; index++) await dataset.get(index);
  return { seed: data.seed, prints: of(numbers(samples)) };
}

test("judging what calibrated is refused, with how many and what leaves them out", async () => {
  const data = await open(numbers(10), 0);
  const taught = await taughtBy(data, 4);
  await expect(unseenNotices(taught, data, { skip: 0, samples: 10 }, context)).rejects.toThrow(
    `4 of the 10 samples to judge calibrated the model, ${data.sourceOf(0)} the first, so how it does on new ones would not be known; leave out the first 4 (--skip 4).`,
  );
  await expect(unseenNotices(taught, data, { skip: 3, samples: 2 }, context)).rejects.toThrow(
    `1 of the 2 samples to judge calibrated the model, ${data.sourceOf(3)} the first`,
  );
  expect(await unseenNotices(taught, data, { skip: 4, samples: 100 }, context)).toEqual([]);
  expect(await unseenNotices({ seed: 0, prints: null }, data, { skip: 0, samples: 10 }, context)).toEqual([]);
});

test("whatever the seed and the split, as many are found as were taught and not left out", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 1000 }), fc.nat({ max: 30 }), fc.nat({ max: 29 }), async (seed, taught, skip) => {
      const data = await open(numbers(30), seed);
      const judging = unseenNotices(await taughtBy(data, taught), data, { skip, samples: 30 }, context);
      if (taught <= skip) expect(await judging).toEqual([]);
      else await expect(judging).rejects.toThrow(new RegExp(`^${taught - skip} of the ${30 - skip} samples? to judge`));
    }),
  );
});

test("so it is in another file, and in another order, whose way out is the order that calibrated", async () => {
  const taught = await taughtBy(await open(numbers(10), 0), 4);
  const byPath = await open(numbers(10), null, "elsewhere/y.npy");
  await expect(unseenNotices(taught, byPath, { skip: 4, samples: 6 }, context)).rejects.toThrow(
    /samples to judge calibrated the model.*; take them in the order that calibrated it \(--order balanced\), and leave those out/,
  );
  const others = await open(numbers(10, 20), 0);
  expect(await unseenNotices(taught, others, { skip: 0, samples: 10 }, context)).toEqual([]);
});

test("where all samples calibrated, or the data holds some of them alone, other ones are the way out", async () => {
  const data = await open(numbers(6), 0);
  const whole = { skip: 0, samples: 6 };
  await expect(unseenNotices(await taughtBy(data, 6), data, whole, context)).rejects.toThrow(
    "; judge on other samples, or calibrate on fewer of these.",
  );
  const among = await open([50, 51, 52, 53, 54, 0, 55]);
  await expect(
    unseenNotices(await taughtBy(await open([0]), 1), among, { skip: 0, samples: 7 }, context),
  ).rejects.toThrow(
    "1 of the 7 samples to judge calibrated the model, x.npy[5] the first, so how it does on new ones would not be known; leave them out of the data.",
  );
  const mixed = await open([100, 101, ...numbers(1)], 0);
  await expect(unseenNotices(await taughtBy(data, 6), mixed, { skip: 0, samples: 3 }, context)).rejects.toThrow(
    "1 of the 3 samples to judge calibrated the model, x.npy[2] the first, so how it does on new ones would not be known; leave them out of the data.",
  );
});

test("samples that the data holds twice are told of where those that calibrated are left out", async () => {
  const data = await open([0, 1, 2, 3, 1, 4, 1]);
  const notices = await unseenNotices(await taughtBy(data, 3), data, { skip: 3, samples: 4 }, context);
  expect(notices).toEqual([
    {
      kind: "warning",
      subject: "x.npy[4]",
      message:
        "The data holds some samples more than once: 2 of the 4 samples to judge equal ones that calibrated, x.npy[4] the first.",
    },
  ]);
});

test("of a fixed batch every row is known, in whatever batch it comes", async () => {
  const rows = (values: readonly number[], seed: number) =>
    openDataset(
      [memoryFile("x.npy", npyBytes("<f4", [values.length, 2], Float32Array.from(values.flatMap((v) => [v, 1]))))],
      { inputs: { open: [{ ...port, dims: [2, 2] }], held: [] }, preprocess: null, decoders: nodeDecoders, seed },
    );
  const data = await rows(numbers(10), 0);
  const taught = await taughtBy(data, 2);
  expect(printsIn(taught.prints)).toHaveLength(4);
  expect(await unseenNotices(taught, data, { skip: 2, samples: 3 }, context)).toEqual([]);
  await expect(unseenNotices(taught, data, { skip: 1, samples: 3 }, context)).rejects.toThrow("(--skip 2)");
  const [first] = (await data.get(0)).feeds.get("x")!.data;
  const others = await rows([101, 102, Number(first), 103], 0);
  await expect(unseenNotices(taught, others, { skip: 0, samples: 2 }, context)).rejects.toThrow(
    "1 of the 2 samples to judge",
  );
  const onward = printing(data, { observed: [0, 1], prints: taught.prints });
  expect(onward.of([0, 1])).toBe(taught.prints);
});

test("prints of a run that goes on are those of all its samples, and unknown where some were not noted", async () => {
  const data = await open(numbers(5));
  const first = await taughtBy(data, 2);
  const { dataset, of } = printing(data, { observed: [0, 1], prints: first.prints });
  await dataset.get(2);
  expect(of([0, 1, 2])).toBe((await taughtBy(data, 3)).prints);
  expect(of([0, 3])).toBeNull();
  expect(printing(data, { observed: [0], prints: null }).of([0])).toBeNull();
  expect(joinPrints(null, null)).toBeNull();
  expect(joinPrints(first.prints, null, (await taughtBy(data, 3)).prints)).toBe((await taughtBy(data, 3)).prints);
  expect(printsIn(null)).toEqual([]);
});
