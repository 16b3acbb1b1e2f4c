// Stands in for ONNX Runtime's own loader, whose module is else out of reach: see src/engine/runtime/wasm.ts. Served as it is.
export default (config) => globalThis.createOrtModule(config);
