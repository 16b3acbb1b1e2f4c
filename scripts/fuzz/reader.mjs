import "../../cli/typescript.mjs";

await import("./reader.ts");
