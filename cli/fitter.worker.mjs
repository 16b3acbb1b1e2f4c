import "./typescript.mjs";

await import("./fitter.worker.ts");
