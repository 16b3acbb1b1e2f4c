import { lazy, Suspense } from "react";
import { useBitDepthDoor } from "./door.ts";

const BitDepthDialog = lazy(() => import("./BitDepthDialog.tsx"));

/** The bit depth dialog, loaded when it is first opened. */
export function BitDepthDoor() {
  const open = useBitDepthDoor((door) => door.open);
  return open ? (
    <Suspense>
      <BitDepthDialog />
    </Suspense>
  ) : null;
}
