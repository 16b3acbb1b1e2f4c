import { vi } from "vitest";
import type { Runtime } from "../../src/engine/model/runtime.ts";

// Each evaluation would start two more processes, which takes seconds in a checkout; cli/memory.test.ts and commands that run as processes measure.
vi.mock("../memory.ts", () => ({ tellingPeaks: (runtime: Runtime) => runtime }));
