import { crc32 as reference } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "./crc32.ts";

test("the checksum is zlib's, in one piece or several", () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      expect(crc32(first)).toBe(reference(first));
      expect(crc32(second, crc32(first))).toBe(reference(second, reference(first)));
    }),
  );
});
