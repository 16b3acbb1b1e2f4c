import fc from "fast-check";
import { expect, test } from "vitest";
import { NameIndex } from "./nameIndex.ts";

test("samples of a name are all that are called so, rising, and of another name none", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 2 }), { maxLength: 40 }),
      fc.string({ maxLength: 2 }),
      (names, other) => {
        const index = new NameIndex(names.length, (sample) => names[sample]!);
        for (const name of [...names, other]) {
          expect(index.named(name)).toEqual(names.flatMap((each, sample) => (each === name ? [sample] : [])));
        }
      },
    ),
  );
});
