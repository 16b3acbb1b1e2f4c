import { create } from "zustand";

interface Door {
  readonly open: boolean;
  readonly setOpen: (open: boolean) => void;
}

/** Whether the bit depth dialog is open. */
export const useBitDepthDoor = create<Door>((set) => ({ open: false, setOpen: (open) => set({ open }) }));

export function tryBitDepths(): void {
  useBitDepthDoor.getState().setOpen(true);
}
