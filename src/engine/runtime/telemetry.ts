/**
 * ONNX Runtime's native build reports what it runs to its makers unless this is set when it opens its first session. Only
 * the main thread's environment is also that of native code: a thread's own is a copy.
 */
process.env.ORT_DISABLE_TELEMETRY = "1";
