import type { PathFile } from "../../../workers/protocol.ts";
import type { QuantizedFiles } from "./slices/view.ts";
import { studio } from "./store.ts";
import { engine } from "./workers.ts";

/** A longer file is opened as a model without a look at what it is first, since that reads it whole. */
const LOOKED_AT = 2 ** 28;

/**
 * The quantized model among one or two that were dropped: one with no layer left to quantize, or with those that the open model has by
 * its inputs and outputs, or the one of two. Null where there is none.
 */
export async function quantizedAmong(
  models: readonly PathFile[],
  beside: readonly PathFile[],
): Promise<QuantizedFiles | null> {
  if (models.length === 0 || models.length > 2 || models.some(({ file }) => file.size > LOOKED_AT)) return null;
  const kinds = await Promise.all(
    models.map(({ file }) => engine.ask((api) => api.kindOf(file, file.name, beside)).catch(() => null)),
  );
  const open = studio.getState().project.model?.summary ?? null;
  const found = models.filter((_, at) => {
    const kind = kinds[at];
    if (!kind?.isQuantized) return false;
    const names = (ports: readonly { readonly name: string }[]) => ports.map(({ name }) => name).join();
    const isOfOpen = open && names(open.inputs) === kind.inputs.join() && names(open.outputs) === kind.outputs.join();
    return kind.isWhole || models.length === 2 || isOfOpen === true;
  });
  return found.length === 1 ? { file: found[0]!.file, beside } : null;
}
