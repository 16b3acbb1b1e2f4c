import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { WorkedBytes } from "../model/deferred.ts";
import { fileOf } from "./artifact.ts";
import { artifactDigest, digestAlong } from "./artifactDigest.ts";

const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251);
const wanted = createHash("sha256").update(bytes).digest("hex");

it("is the SHA-256 of a file's bytes, however they lie in parts, and what is worked out is worked out once", () => {
  let works = 0;
  const worked = new WorkedBytes(100_000, () => {
    works++;
    return bytes.slice(50, 100_050);
  });
  const file = fileOf("a.onnx", [bytes.subarray(0, 50), worked, bytes.subarray(100_050)]);
  expect(artifactDigest(file)).toBe(wanted);
  expect(artifactDigest(fileOf("a.unproven.onnx", file.parts))).toBe(wanted);
  expect(works).toBe(1);
  expect(artifactDigest({ name: "b.json", chunks: [bytes] })).toBe(wanted);
});

it("is known of a file that was looked at while it was written, which is not read again", () => {
  const unread = new WorkedBytes(3, () => expect.fail("nobody reads it"));
  const file = fileOf("a.onnx", [unread]);
  const along = digestAlong(file);
  for (const byte of [1, 2, 3]) along.update(Uint8Array.of(byte));
  along.end();
  expect(artifactDigest(file)).toBe(
    createHash("sha256")
      .update(Uint8Array.of(1, 2, 3))
      .digest("hex"),
  );
});
