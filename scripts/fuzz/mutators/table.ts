import { HOSTILE_TEXTS, type Mutator, withPartChanged } from "./mutator.ts";

/** A table whose lines and cells are changed, left out, doubled or moved. */
export const mutateTable: Mutator = (bytes, chance) => {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const changed = withPartChanged(lines, chance, (line) =>
    withPartChanged(line.split(","), chance, () => chance.pick([...HOSTILE_TEXTS, "1.5", "4294967296", "0.png"])).join(
      chance.pick([",", ",", ";", ",,"]),
    ),
  );
  return new TextEncoder().encode(changed.join(chance.pick(["\n", "\n", "\r\n", "\r"])));
};
