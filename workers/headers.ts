/** Cross-origin isolation, which SharedArrayBuffer and with it ONNX Runtime's threads need. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** What a page can lay upon itself, in a `meta` element, where its host sends no headers. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** What the built app is served with: isolated, and no connection but to its own origin. */
export const appHeaders = {
  ...isolationHeaders,
  "Content-Security-Policy": `${pagePolicy}; frame-ancestors 'none'`,
};
