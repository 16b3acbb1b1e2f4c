/** Drivers that compute on the processor: Chromium's, Mesa's, Windows' and macOS'. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|swrast|software|basic render/i;

/** A WebGL 2 context to compute in, of the faster GPU where there are two. Throws where there is none but in software. */
export function openContext(): { readonly gl: WebGL2RenderingContext; readonly canvas: OffscreenCanvas } {
  const attributes = { failIfMajorPerformanceCaveat: true, powerPreference: "high-performance" } as const;
  const canvas = new OffscreenCanvas(1, 1);
  const gl = canvas.getContext("webgl2", attributes);
  if (!gl) throw new Error("WebGL 2 is not available.");
  const renderer = rendererOf(gl);
  if (isSoftware(renderer)) throw new Error(`WebGL is computed on the processor (${renderer}).`);
  return { gl, canvas };
}

/** Whether a renderer's name is that of one in software, which browsers may give even where none was wanted. */
export function isSoftware(renderer: string): boolean {
  return SOFTWARE.test(renderer);
}

function rendererOf(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
