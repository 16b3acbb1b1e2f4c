import { expect, test } from "vitest";
import type { Clipped } from "../model/clipped.ts";
import { writeReportPage } from "./html.ts";
import { writeReport } from "./report.ts";
import { REPORT, rangeReport, TUNING } from "./testing/report.ts";

const text = (page: string) =>
  page
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

test("the JSON report holds every figure, infinities as strings", () => {
  const ranges = [rangeReport("image", Infinity)];
  const written = JSON.parse(writeReport({ ...REPORT, ranges }));
  expect(written).toMatchObject({
    kind: "octet-report",
    version: 1,
    evaluation: REPORT.evaluation,
    files: REPORT.files,
  });
  expect(written.ranges[0].chosen.figures.sqnr).toBe("Infinity");
  expect(written.ranges[0].histogram.counts).toHaveLength(64);
});

test("no text of a report can become markup", () => {
  const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>" onload='x`;
  const page = writeReportPage(poison(REPORT, hostile) as typeof REPORT);
  expect(page).not.toMatch(/<script|<img|onerror=alert\(1\)>/);
  expect(page).not.toContain(`" onload='x`);
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  const tags = (html: string) => html.match(/<[a-z][^>]*>/g)?.length;
  expect(tags(page)).toBe(tags(writeReportPage(poison(REPORT, "harmless") as typeof REPORT)));
});

test("control characters of names do not reach the page", () => {
  expect(writeReportPage({ ...REPORT, model: { ...REPORT.model, name: "a\u0000b\u0085c" } })).toContain(
    "<h1>a\ufffdb\ufffdc</h1>",
  );
});

test("the page loads nothing and runs nothing", () => {
  const page = writeReportPage(REPORT);
  expect(page).not.toMatch(/https?:|<script|<link|<img|\ssrc=|\shref=|url\(|@import/);
  expect(page).toContain("default-src 'none'");
});

test("says what was measured, on what, and what was estimated", () => {
  const said = text(writeReportPage(REPORT));
  expect(said).toContain("Failed Top-1 accuracy fell by 2.00 pt; a drop of 1.00 pt was allowed.");
  expect(said).toContain("Measured on 60 samples, 50 of them labelled, by running the file that was exported.");
  expect(said).toContain("Top-1 accuracy 90.0 % 88.0 % −2.00 pt 95 % interval −5.00 pt to +1.00 pt");
  expect(said).toContain("Latency, p50 2.00 ms 4.00 ms +100 %");
  expect(said).toContain("onnxruntime-node 1.30.0 on a test machine");
  expect(said).toContain("Estimated from the histograms of 3 calibration samples");
  expect(said).toContain("File size 100 kB 28.0 kB −72.0 %");
});

test("says how soon the first answer comes, how many samples a second and what memory it takes, where these were measured", () => {
  const evaluation = REPORT.evaluation!;
  const { latency } = evaluation;
  const started = {
    ...latency,
    float: { ...latency.float, start: 20 },
    quantized: { ...latency.quantized, start: 30 },
  };
  const throughput = [
    { batch: 1, float: 100, quantized: 200 },
    { batch: 64, float: 400, quantized: 500 },
  ];
  const memory = { float: 66_600_000, quantized: 33_300_000 };
  const said = text(
    writeReportPage({ ...REPORT, evaluation: { ...evaluation, latency: started, throughput, memory } }),
  );
  expect(said).toContain("From the file to the first answer 20.0 ms 30.0 ms +50.0 %");
  expect(said).toMatch(/Samples a second, by how many are run at a time .* 1 100 200 \+100 % 64 400 500 \+25\.0 %/);
  expect(said).toMatch(
    /Memory, at its peak 66\.6 MB 33\.3 MB −50\.0 % .* Memory: what a process of its own takes at its peak/,
  );
  expect(text(writeReportPage(REPORT))).not.toMatch(/first answer|Samples a second|Memory/);
});

test("says what clip ranges cut off, most first, where it was counted", () => {
  const said = (clipped?: readonly Clipped[]) =>
    text(writeReportPage({ ...REPORT, evaluation: { ...REPORT.evaluation!, ...(clipped && { clipped }) } }));
  const each = (tensor: string, producer: string | null, share: number): Clipped => {
    return { tensor, producer, range: { low: -0.5, high: 2 }, values: 4000, share };
  };
  const some = [each("image", null, 0), each("relu_out", "relu", 0.00025), each("logits", "gemm", 0.125)];
  expect(said(some)).toMatch(
    /counted one by one on the 60 samples that judged: some at 2 of 3 layers\. .* gemm −0\.500 to 2\.00 4,000 12\.5 % relu −0\.500 to 2\.00 4,000 0\.0250 % Outputs/,
  );
  expect(said(some.slice(0, 1))).toMatch(/No value of the float model is cut off .* on the 60 samples .* at 1 layer\./);
  expect(said()).not.toContain("Clipped, by layer");
});

test("a page of its own comes first: the verdict, accuracy, size, time, and what is quantized", () => {
  const first = (report: typeof REPORT) =>
    text(writeReportPage(report).match(/<section class="summary">.*?<\/section>/s)?.[0] ?? "");
  const said = first(REPORT);
  expect(said).toContain("Failed Top-1 accuracy fell by 2.00 pt");
  expect(said).toContain("90.0 % to 88.0 % −2.00 pt (95 % interval −5.00 pt to +1.00 pt) on 50 labelled samples");
  expect(said).toContain("100 kB to 28.0 kB −72.0 %");
  expect(said).toContain("2.00 to 4.00 ms +100 %, median of");
  expect(said).toContain("4 of 5 quantized 1 in float");

  const { evaluation } = REPORT;
  const unlabelled = { ...evaluation!, labelled: 0, top1: null, top5: null, verdict: null };
  expect(first({ ...REPORT, evaluation: unlabelled })).toMatch(/dB SQNR of \S+, the least of 1 output, on 60 samples/);
  const unmeasured = first({ ...REPORT, evaluation: null });
  expect(unmeasured).toContain("Not evaluated");
  expect(unmeasured).not.toMatch(/Size|Time|Top-1/);
});

test("every layer has a row that says where its result is rounded, or why it stays in float", () => {
  const rows = [...writeReportPage(REPORT).matchAll(/<tr>(?:(?!<\/tr>).)*class="precision.*?<\/tr>/gs)].map(([row]) =>
    text(row),
  );
  expect(rows).toHaveLength(6);
  expect(rows[0]).toContain("1 image Input I8 −0.500 to 2.00 MSE; scale 0.00980, zero 51 1.23 % 40.0 dB");
  expect(rows[1]).toContain("2 conv Conv I8 Rounded after the next layer.");
  expect(rows[2]).toContain("3 relu Relu I8 −0.500 to 2.00");
  expect(rows[3]).toContain("4 pool MaxPool I8 Shares the range of relu_out .");
  expect(rows[5]).toContain("6 softmax Softmax F32 In float: the recipe says so.");
});

test("layers that are stored in fewer bits and computed in float are told from those that run in integers", () => {
  const { model } = REPORT;
  const operators = [
    { type: "Conv", count: 1, quantized: 1 },
    { type: "MaxPool", count: 1, quantized: 1 },
    { type: "Softmax", count: 1, quantized: 0 },
  ];
  const page = (floatKernels: readonly string[] | null) =>
    writeReportPage({ ...REPORT, model: { ...model, operators, floatKernels } });
  const said = text(page(["pool", "gemm"]));
  expect(said).toContain("Layers 2 of 5 quantized Stored in fewer bits only 2, computed in float Parameters");
  expect(said).toContain("Conv 1 1 MaxPool 1 0 1 stored, in float Softmax 1 0");
  expect(said).toContain("4 pool MaxPool, computed in float I8 Shares the range of relu_out");
  expect(said).toContain("5 gemm Gemm, computed in float I8");
  expect(said).toContain("int8 arithmetic, but where a layer is said to be computed in float;");
  for (const none of [[], null]) {
    const all = text(page(none));
    expect(all).toContain("Layers 4 of 5 quantized Parameters");
    expect(all).toContain("Conv 1 1 MaxPool 1 1 Softmax 1 0");
    expect(all).not.toMatch(/computed in float|Stored in/);
  }
});

test("without an evaluation it claims nothing measured", () => {
  const said = text(writeReportPage({ ...REPORT, evaluation: null }));
  expect(said).toContain("Not evaluated The quantized model was not run.");
  expect(said).not.toContain("Measured on");
});

test("an evaluation of an output that says nothing has no verdict, dashes, and what was seen first of all", () => {
  const { evaluation } = REPORT;
  const silent = { ...evaluation!.outputs[0]!, agreement: null, sqnr: null, cosine: null, kl: null };
  const notices = [{ kind: "warning" as const, subject: "scores", message: "The output scores is zero everywhere." }];
  const unjudged = { ...evaluation!, top1: null, top5: null, verdict: null, outputs: [silent], notices };
  const said = text(writeReportPage({ ...REPORT, evaluation: unjudged }));
  expect(said).toMatch(
    /No verdict The output that accuracy goes by says nothing on these samples, as the first notice below has it\.\s+Warning The output scores is zero everywhere\.\s+Outputs beside/,
  );
  expect(said).toContain("scores – – – 0.0100 0.0200 – 0");
  expect(said).not.toMatch(/Passed|Top-1 accuracy/);
});

test("a report of int4 weights alone says so, and names no method of ranges that are not there", () => {
  const { recipe } = REPORT;
  const weights = { ...recipe.weights, type: "int4", rounding: "learned" } as const;
  const said = text(writeReportPage({ ...REPORT, recipe: { ...recipe, weights, format: "weights" } }));
  expect(said).toContain("Quantization report, float32 to int4, weights only");
  expect(said).toContain("Activations float Weights int4, symmetric, per channel, learned rounding (AdaRound)");
  expect(said).not.toContain("Own method");
});

test("says how a search found the recipe, on which samples, and what it decided", () => {
  const said = text(writeReportPage({ ...REPORT, tuning: TUNING }));
  expect(said).toContain("The smallest of the points that keep the limit: top-1 may fall by 1.00 pt");
  expect(said).toContain("Samples 0 to 49 calibrated and taught the corrections; 50 to 99 judged (50 samples read, 48");
  expect(said).toContain("1 as given 27.0 kB 1 3.00 dB 10.0 % −70.0 pt; expected −69.0 pt not kept");
  expect(said).toContain("2 conv left in float 31.0 kB 2 21.0 dB 80.0 % 0 pt; expected −0.400 pt kept, taken");
  expect(said).toContain("Equalization on; bias correction empirical. Left in float: conv");
  const nothing = { ...TUNING, chosen: null, ended: "budget" as const };
  expect(text(writeReportPage({ ...REPORT, tuning: nothing }))).toContain(
    "No point keeps the limit (top-1 may fall by 1.00 pt): this is the one that comes nearest. The search ended with its time.",
  );
});

test("says of inputs and outputs that are asked for in float16 that they are", () => {
  const halves = { ...REPORT, recipe: { ...REPORT.recipe, format: "float16", ends: "float16" } as const };
  expect(text(writeReportPage(halves))).toContain("Inputs and outputs float16, but for those that it would not hold");
  expect(text(writeReportPage(REPORT))).not.toContain("Inputs and outputs float16");
});

test("draws figures that have no finite size", () => {
  const ranges = [rangeReport("image", Infinity), rangeReport("relu_out", NaN), rangeReport("logits", -2)];
  const empty = { ...rangeReport("x", NaN), histogram: { window: { low: 0, high: 0 }, counts: [0] } };
  const page = writeReportPage({ ...REPORT, ranges: [...ranges, empty] });
  expect(page).not.toMatch(/="[^"]*(NaN|Infinity)[^"]*"/);
  expect(text(page)).toContain("∞ dB");
});

function poison(value: unknown, suffix: string): unknown {
  if (typeof value === "string") return value + suffix;
  if (Array.isArray(value)) return value.map((item) => poison(item, suffix));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, poison(member, suffix)]));
}
