import { TOOL } from "../src/engine/job/tool.ts";

export const HELP = `octet ${TOOL.version} - quantizes ONNX models to 8 and 4 bits

  octet inspect MODEL [--shape ...] [--input ...]
      What is in a model, what will and won't be quantized, and why.

  octet quantize MODEL --data PATH [options]
      Calibrates on the data and writes the quantized model, its calibration and its report.
      --data PATH            a folder, a picture, or a .npy or IDX file, gzipped too
      --preprocess NAME      imagenet, imagenet-tf, unit, raw, or a .json file
      --samples N            calibrate on the first N samples (default: all)
      --workers, --threads, --batch N
                             run samples so (default: what a short trial finds quickest)
      --method NAME          minmax, average, percentile, entropy, mse, cosine (default: chosen by Octet)
      --weights s8|s4        int8 (default) or int4
      --per-tensor           one scale for each weight instead of one a channel
      --rounding NAME        nearest (default), or learned on the data
      --iterations N         of learning, for each layer (default: 200)
      --equalize             cross-layer equalization: for one scale a weight
      --bias-correction NAME empirical (default), analytic, none
      --activations NAME     u8: unsigned asymmetric (default); s8: signed symmetric; float: weights alone are quantized,
                             and data is needed only for what is learned on it
      --recipe FILE          settings of an earlier run
      --cache FILE           calibration of an earlier run; no data is needed
      --shape input=1x3x48x320   dimensions of a dynamic input
      --input name=value     holds an input at one value (for all but the one with data)
      --out DIR              where to write (default: MODEL.octet)

  octet evaluate FLOAT QUANTIZED --data PATH [options]
      Runs both and compares; exits with 1 when the limit is passed.
      --labels CSV           file,label rows, or an IDX file; without it, label files in the data count
      --preprocess, --shape, --input   as above
      --skip N               leave out the first N samples
      --samples N            judge on N samples (default: all that follow)
      --max-drop PERCENT     limit of the drop in top-1, in points (default: 1)

  octet sensitivity MODEL --data PATH [options]
      What each layer costs the outputs, measured: alone quantized, and left in float when all others are.
      --samples N            read the first N samples; they calibrate and measure (default: 16)
      --metric NAME          order by sqnr (default), mse, kl, cosine or drop, which needs labels
      --labels, --preprocess, --method, --weights, --per-tensor, --activations, --recipe, --shape, --input   as above

  octet tune MODEL --data PATH [options]
      Searches for the smallest model that keeps a limit: corrections first, then layers left in float.
      --max-drop PERCENT     top-1 may drop by so many points (default: 1); needs labels
      --min-sqnr DB          or: outputs keep an SQNR of so many dB
      --goal size|latency    the smallest (default) or the fastest, measured here
      --samples N            read the first N samples: one half calibrates, the other judges (default: all)
      --budget SECONDS       begin no new step after that
      --labels, --preprocess, --method, --weights, --per-tensor, --activations, --recipe, --shape, --input, --out   as above

  octet diff REPORT_A REPORT_B
      What differs between two runs, from their .report.json: settings, ranges, layers, figures.

  Every command takes --json: one JSON object on stdout, messages on stderr.
  Exit codes: 0 done, 1 limit passed or not met, 2 bad input (one line says what), 130 or 143 cancelled.
`;
