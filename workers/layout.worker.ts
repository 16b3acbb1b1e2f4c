import { expose } from "comlink";
import { layOut } from "./layout/layOut.ts";
import { holdLifeline } from "./lifeline.ts";
import type { LayoutApi } from "./protocol.ts";

const api: LayoutApi = { layout: async (request) => layOut(request) };

holdLifeline();
expose(api);
