import "./typescript.mjs";

await import("./separate.worker.ts");
