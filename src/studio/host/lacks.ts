import { sharesMemory } from "../../../workers/client.ts";
import { gpuObstacle } from "../state/execution.ts";

/** What this browser has not of what the studio can use, each with what is done in its place; of a page that is not isolated `without` tells that it has no threads. */
export function lacks(): readonly string[] {
  const all: readonly (readonly [boolean, string])[] = [
    [crossOriginIsolated && !sharesMemory(), "memory that threads share (each worker runs on one thread)"],
    [gpuObstacle() !== null, "WebGPU (samples run on WASM)"],
    [!("showSaveFilePicker" in globalThis), "a save dialog (files go to your downloads)"],
    [
      !navigator.storage?.getDirectory,
      "files of a page's own (a model too large for memory is left to octet in a terminal)",
    ],
  ];
  return all.filter(([isMissing]) => isMissing).map(([, text]) => text);
}
