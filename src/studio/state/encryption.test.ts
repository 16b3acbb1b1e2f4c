import { expect, it } from "vitest";
import { exportPassphrase } from "./encryption.ts";
import { actions, studio } from "./store.ts";

it("is null where nothing is to be encrypted, and told missing until it is typed twice", () => {
  expect(exportPassphrase()).toEqual({ passphrase: null });
  for (const again of ["", "burst "]) {
    actions.encryptionChanged({ passphrase: again && "burst", again });
    expect(exportPassphrase()).toBe("missing");
  }
  expect(studio.getState().view.step).toBe("export");
  expect(studio.getState().work.alerts.at(-1)!.message).toContain("type it here");
  actions.encryptionChanged({ passphrase: "burst", again: "burst" });
  expect(exportPassphrase()).toEqual({ passphrase: "burst" });
});
