import "./typescript.mjs";

await import("./executor.worker.ts");
