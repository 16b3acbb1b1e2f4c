import { expect, it } from "vitest";
import { channelsText } from "./channels.ts";

it("names channels by their runs, and says how many there are where they are too many to name", () => {
  expect(channelsText([[4, 8]], 0.984)).toBe("channels 4 to 8 (up to 0.984)");
  expect(channelsText([[0, 0]], 640)).toBe("channel 0 (up to 640)");
  const every = Array.from({ length: 17 }, (_, i) => [3 * i, 3 * i + 1] as const);
  expect(channelsText(every, 1)).toBe("channels 0 to 1, 3 to 4, 6 to 7, …, 34 in all (up to 1.00)");
});
