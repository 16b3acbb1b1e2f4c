import { expect, test } from "vitest";
import { classText, scoreText } from "./prediction.ts";

test("a class is told by its name and its place, or by its place", () => {
  expect(classText({ index: 7, name: "sneaker" })).toBe("sneaker (class 7)");
  expect(classText({ index: 0, name: null })).toBe("class 0");
});

test("a probability is told as it is, and what is none with its softmax", () => {
  const told = { output: "y", classes: 1000, top: { index: 1, name: null }, label: null };
  expect(scoreText({ ...told, score: 0.5, share: 0.5, isProbability: true })).toBe("50.0 %, of 1,000");
  expect(scoreText({ ...told, score: 7.3125, share: 0.25, isProbability: false })).toBe(
    "score 7.31, 25.0 % by softmax, of 1,000",
  );
});
