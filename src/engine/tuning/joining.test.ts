import { describe, expect, it } from "vitest";
import type { Region } from "../plan/regions.ts";
import { chooseJoined, MOST_MEASURED, type Share, sharesOf, TOLERANCE_DB } from "./joining.ts";

const share = (name: string, saving: number, givesOutput = false): Share => ({ layers: [name], saving, givesOutput });

/** Noise that adds up: what each share that joins adds to each output over `base`, and how often it was asked. */
function adding(base: readonly number[], adds: ReadonlyMap<Share, readonly number[]>) {
  const asked: string[] = [];
  const measure = async (joined: ReadonlySet<Share>, on: "few" | "many") => {
    asked.push(`${on}:${[...joined].map(({ layers }) => layers[0]).join("")}`);
    return base.map((noise, at) => [...joined].reduce((sum, one) => sum + (adds.get(one)?.[at] ?? 0), noise));
  };
  return { asked, measure };
}

const names = (joined: ReadonlySet<Share>) => [...joined].map(({ layers }) => layers[0]).sort();

describe("which shares join", () => {
  it("is all that save time where none costs anything, after three measurements at most", async () => {
    const [a, b] = [share("a", 5), share("b", 5)];
    const { asked, measure } = adding([1e-3], new Map());
    expect(names((await chooseJoined([a, b], measure)).chosen.joined)).toEqual(["a", "b"]);
    expect(asked).toEqual(["many:ab", "many:"]);
  });

  it("is none where none saves time and the outputs are closer so", async () => {
    const [a, b] = [share("a", -5), share("b", 0)];
    const { asked, measure } = adding([1e-3], new Map([[a, [1e-3]]]));
    expect(names((await chooseJoined([a, b], measure)).chosen.joined)).toEqual([]);
    expect(asked).toEqual(["many:ab", "many:"]);
  });

  it("is none of those that cost the worst output more than the tolerance, and all others", async () => {
    const shares = [share("a", 5), share("b", 5), share("c", 5), share("d", -1)];
    const [, b] = shares as [Share, Share, Share, Share];
    const { measure } = adding([1e-4, 1e-3], new Map([[b, [0, 1e-3]]]));
    expect(names((await chooseJoined(shares, measure)).chosen.joined)).toEqual(["a", "c"]);
  });

  it("does not mind noise of an output that is not the worst", async () => {
    const shares = [share("a", 5), share("b", 5)];
    const { measure } = adding([1e-5, 1e-3], new Map([[shares[0]!, [5e-5, 0]]]));
    expect(names((await chooseJoined(shares, measure)).chosen.joined)).toEqual(["a", "b"]);
  });

  it("leaves what gives outputs in float, where it makes no difference, and joins it where that is closer", async () => {
    const [inner, last] = [share("inner", 5), share("last", 50, true)];
    const { chosen } = await chooseJoined([inner, last], adding([1e-3], new Map()).measure);
    expect(names(chosen.joined)).toEqual(["inner"]);
    const closer = adding([1e-3], new Map([[last, [-5e-4]]]));
    expect(names((await chooseJoined([inner, last], closer.measure)).chosen.joined)).toEqual(["inner", "last"]);
  });

  it("joins what saves no time only where the outputs are closer so", async () => {
    const costly = share("costly", -5);
    const closer = adding([1e-3], new Map([[costly, [-5e-4]]]));
    expect(names((await chooseJoined([costly], closer.measure)).chosen.joined)).toEqual(["costly"]);
  });

  it("never ends worse than either extreme by more than the tolerance, however noise adds up", async () => {
    let state = 7;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    for (let round = 0; round < 200; round++) {
      const shares = Array.from({ length: 1 + Math.floor(next() * 8) }, (_, at) =>
        share(String(at), next() * 10 - 3, at === 3),
      );
      const seen = new Map<string, number[]>();
      let measurements = 0;
      const measure = async (joined: ReadonlySet<Share>, on: string) => {
        measurements++;
        const key = `${on} ${names(joined).join()}`;
        const noise = seen.get(key) ?? [next() * 1e-2, next() * 1e-2];
        seen.set(key, noise);
        return noise;
      };
      const { chosen, all, none } = await chooseJoined(shares, measure);
      const worst = (noise: readonly number[]) => Math.max(...noise);
      const bound = Math.min(worst(all.noise), worst(none.noise)) * 10 ** (TOLERANCE_DB / 10);
      expect(worst(chosen.noise)).toBeLessThanOrEqual(bound);
      expect(seen.get(`many ${names(chosen.joined).join()}`)).toEqual(chosen.noise);
      expect(measurements).toBeLessThanOrEqual(MOST_MEASURED);
    }
  });

  it("takes what nothing can be compared of by the table alone", async () => {
    const shares = [share("a", 5), share("b", -5)];
    expect(names((await chooseJoined(shares, async () => [])).chosen.joined)).toEqual(["a"]);
  });
});

it("regions are decided in bounded many shares, in order, those that give outputs apart", () => {
  const regions: Region[] = Array.from({ length: 40 }, (_, at) => ({
    layers: [`l${at}`],
    givesOutput: at === 20 || at === 39,
  }));
  const shares = sharesOf(regions, (layers) => layers.length);
  expect(shares.length).toBe(10);
  expect(shares.at(-1)).toEqual({ layers: ["l20", "l39"], saving: 2, givesOutput: true });
  expect(shares.slice(0, -1).flatMap(({ layers }) => layers)).toEqual(
    regions.filter(({ givesOutput }) => !givesOutput).flatMap(({ layers }) => layers),
  );
  expect(sharesOf([], () => 0)).toEqual([]);
});
