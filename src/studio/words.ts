/** The field's words, each explained in one sentence. */
export const WORDS = {
  calibration: "Running sample inputs through the float model to see which values each tensor takes.",
  "bit depth":
    "How many bits a number gets: each one more doubles the levels and halves the step, which is worth 6 dB of SQNR.",
  scale: "One step: the real-valued distance between two neighbouring integer levels.",
  "zero point": "The integer that stands for the real value 0.",
  "clip range": "The interval of values that keeps its own levels; what lies outside is set to the nearer end.",
  clipped: "The share of values that lie outside the clip range and lose their size.",
  SQNR: "Signal-to-quantization-noise ratio: how far the values stand above the error, in decibels; more is better.",
  MSE: "Mean squared error between the float values and what their integers stand for.",
  MAE: "Mean absolute error between the float and the quantized output.",
  cosine: "Cosine of the angle between float and quantized output; 1 means the same direction.",
  KL: "Kullback-Leibler divergence: how far the quantized class probabilities are from the float ones; 0 is equal.",
  agreement:
    "The share of output rows (of samples, for a classifier) whose largest element is the same in both models.",
  "effective bits": "The bits of an ideal uniform quantizer with the same SQNR.",
  "top-1": "The share of labelled samples whose best class is the right one.",
  "top-5": "The share of labelled samples with the right class among the best five.",
  perplexity:
    "How many tokens the next one is as good as drawn from, by the model's own scores: lower is better, and 1 is certain.",
  "per channel": "Each output channel of a weight has a scale of its own, so small channels keep their detail.",
  "per tensor": "One scale for a whole weight; channels much smaller than the largest lose their detail.",
  QDQ: "A quantized model written with QuantizeLinear and DequantizeLinear nodes, which runtimes fuse.",
  format:
    "How the quantized model is written: for any runtime to fuse, as ONNX Runtime’s own integer operators, with scales that are found as it runs, or with integer weights alone.",
  QOperator:
    "A quantized model written with operators that compute on codes, such as QLinearConv; ONNX Runtime has them.",
  dynamic:
    "The scale of an activation is found each time the model runs, from the values at hand: no calibration, at the price of finding it.",
  "weights only":
    "Weights are stored as integers and made float again when the model runs; activations are not quantized.",
  int4: "Integers of 4 bits, 16 levels: half the size of int8, and so coarse that weights have to be rounded with care.",
  blocks:
    "Weights that are added up share a scale in blocks of some, of MatMul and Gemm: finer than one a channel, for a few more bytes.",
  "learned rounding":
    "AdaRound: instead of to the nearest level, each weight is rounded up or down, whichever keeps the layer’s output on samples closest; gradient descent finds out which.",
  "fine-tuning":
    "The weights’ codes, their scales, zero points and the biases are found layer by layer on samples, and then learned for several layers together by gradients that pass through rounding, so that the last of them gives what it gives in the float model. No labels are needed.",
  "codes found on samples":
    "GPTQ finds codes that give nearly the layer’s output on samples; AWQ keeps weights closer that large inputs multiply. Both run in this browser, layer by layer.",
  loss: "The squared error of a layer’s output as a share of the output’s own square; in decibels, 10 dB less is a tenth of the error.",
  WebGPU: "The browser’s access to the graphics processor. The float model runs there when that is faster.",
  worker:
    "A thread of the browser beside the page, with a copy of the runtime and the model; several run samples side by side.",
  "range group": "Tensors that share one scale because the operators between them only move data, or join it.",
  symmetric: "The range reaches equally far to both sides of zero, so the zero point is 0.",
  asymmetric: "The range fits the values on both sides of zero, and the zero point moves with it.",
  smoothing:
    "SmoothQuant: channels that layers in integers read are divided where they are made, and the weights that read them multiplied, so that one scale fits all channels. The float model computes the same.",
  equalization:
    "Cross-layer equalization: a layer's channels are divided and the next layer's weights multiplied, so that all channels have weights of one size. The float model computes the same.",
  "bias correction": "Quantizing shifts the mean of each output channel; the shift is measured and taken off the bias.",
  auto: "Picks a method by looking at the calibration samples only.",
  minmax: "The smallest and largest value seen.",
  average: "The moving average of each sample's smallest and largest value.",
  percentile: "Cuts a small fixed share of the values off at the tails.",
  entropy: "The threshold that loses least information, by KL divergence, as in TensorRT.",
  mse: "The range with the least expected squared error.",
  "cosine method": "The range that best keeps the direction of the values.",
  drift:
    "How new samples lie beside those that calibrated: how far the histogram of a tensor has moved (KL), how much more is clipped, and how far values lie beyond the range.",
  opset: "The version of the operator set that the model is written in.",
  sensitivity: "How much the model's output suffers when one layer alone is quantized; measured, not estimated.",
  "error walk":
    "Float against quantized at every layer's output, from first to last: where the error enters and how it grows.",
  start: "The time from the model’s file to the end of its first run: loading it, and what ONNX Runtime prepares.",
  latency: "The time of one run with one sample: p50 is the middle run, p95 is slower than 95 of 100.",
  preprocessing:
    "How a picture becomes the numbers the model was trained on; a wrong one ruins float and quantized alike.",
} as const;

export type Word = keyof typeof WORDS;
