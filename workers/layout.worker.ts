import { expose } from "comlink";
import { blocksOf } from "./layout/blocks.ts";
import { layOut } from "./layout/layOut.ts";
import { holdLifeline } from "./lifeline.ts";
import type { LayoutApi } from "./protocol.ts";

const api: LayoutApi = {
  layout: async (request) => layOut(request),
  blocks: async (request) => blocksOf(request),
};

holdLifeline();
expose(api);
