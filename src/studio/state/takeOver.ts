import { reopenStored } from "./model.ts";
import { flush } from "./persistence.ts";
import { takeOver } from "./tabs.ts";
import { inTurn } from "./turns.ts";

/** Goes on here with the session that another tab kept until now. */
export function takeOverSession(): Promise<void> {
  return inTurn(async () => {
    // What was done here is not kept: it must not come over what that tab kept.
    await flush();
    if (await takeOver()) await reopenStored();
  });
}
