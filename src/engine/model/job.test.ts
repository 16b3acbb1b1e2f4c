import { describe, expect, it } from "vitest";
import { namesSubject, noticeText } from "./job.ts";

const notice = (subject: string, message: string) => ({ kind: "warning", subject, message }) as const;

describe("namesSubject", () => {
  it.each([
    ["scores", "The probability scores never rose above 0.3."],
    ["d.onnx", '"d.onnx" is larger than the float model.'],
    ["/detect/Conv", "The weight of /detect/Conv has a channel that is all zero."],
    ["x", "It is too large for x."],
    ["x", "The values of x's range are few (as for x)."],
    ["a+b (c)", "a+b (c) was seen with no values."],
    ["größe", "Die größe: it is odd."],
    ["__proto__", "The range of __proto__ holds 0 at least."],
  ])("finds %s in: %s", (subject, message) => {
    expect(namesSubject({ subject, message })).toBe(true);
    expect(noticeText(notice(subject, message))).toBe(message);
  });

  it.each([
    ["x", "Its maximum is exact."],
    ["conv", "The weight of conv1 has a channel that is all zero."],
    ["Conv", "The weight of /detect/Conv is all zero."],
    ["detect", "The weight of detect/Conv is all zero."],
    ["a.b", "The range of aXb holds 0."],
    ["x", "The range of x.scale holds 0."],
    ["y", "The range of ÿy and yé holds 0."],
  ])("does not take %s for named in: %s", (subject, message) => {
    expect(namesSubject({ subject, message })).toBe(false);
    expect(noticeText(notice(subject, message))).toBe(`${subject}: ${message}`);
  });
});
