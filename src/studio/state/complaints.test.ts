import { describe, expect, it } from "vitest";
import type { Finding, Remedy } from "../../engine/model/diagnosis.ts";
import { complaintsOf, sameFinding } from "./complaints.ts";

function finding(layer: string, cause: Finding["cause"], edit: Remedy | null, loss = 1): Finding {
  return { layer, cause, sentence: "", figure: "", loss, remedy: edit && { edit, sentence: "" } };
}

describe("complaintsOf", () => {
  it("tells once what one remedy mends everywhere, by the worst", () => {
    const granularity: Remedy = { kind: "granularity", granularity: "channel" };
    const worst = finding("c", "channel-spread", granularity, 9);
    const dead = finding("a", "dead", null, 0);
    const complaints = complaintsOf([
      worst,
      finding("a", "clipping", { kind: "method", group: "a", method: "mse" }),
      finding("b", "channel-spread", granularity),
      finding("b", "clipping", { kind: "method", group: "b", method: "mse" }),
      finding("a", "channel-spread", granularity),
      dead,
    ]);
    expect(complaints.map(({ finding: { layer, cause } }) => `${layer} ${cause}`)).toEqual([
      "c channel-spread",
      "a clipping",
      "b clipping",
      "a dead",
    ]);
    expect(complaints[0]).toEqual({ finding: worst, others: ["b", "a"] });
  });

  it("knows a finding again by layer, cause and remedy, not by its figures", () => {
    const edit: Remedy = { kind: "float", layer: "a" };
    expect(sameFinding(finding("a", "sensitive", edit, 1), finding("a", "sensitive", edit, 2))).toBe(true);
    expect(sameFinding(finding("a", "sensitive", edit), finding("b", "sensitive", edit))).toBe(false);
    expect(sameFinding(finding("a", "sensitive", edit), finding("a", "bias-overflow", edit))).toBe(false);
  });
});
