import { expose, transfer } from "comlink";
import type { BlocksToFit, FittedBlocks } from "../src/engine/model/fitting.ts";
import { fitBlocks } from "../src/engine/numerics/blockScales.ts";
import { holdLifeline } from "./lifeline.ts";

export interface FitterApi {
  fit(blocks: BlocksToFit): FittedBlocks;
}

const api: FitterApi = {
  fit(blocks) {
    const found = fitBlocks(blocks);
    return transfer(found, [found.scales.buffer as ArrayBuffer]);
  },
};

holdLifeline();
expose(api);
