import type { LoadingCode, VariantResult } from "../model/family.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";

/** What of a family the lines are about. */
export interface Loaded {
  /** The dtype of each part, as the library takes it by default. */
  readonly dtypes: ReadonlyMap<string, string>;
  readonly variants: readonly VariantResult[];
  /** Of the first part. */
  readonly inputs: readonly Port[];
  /** Whether the library finds the config that it needs. */
  readonly hasConfig: boolean;
}

/** The lines that load what a library takes by default: in JavaScript with that library or ONNX Runtime's own, in Python and C++ with ONNX Runtime's. */
export function loadingCode({ dtypes, variants, inputs, hasConfig }: Loaded): readonly LoadingCode[] {
  const [first = ["model", "fp32"]] = dtypes;
  const [part, dtype] = first;
  const file = variants.find((each) => each.part === part && each.dtype === dtype)?.file;
  if (!file) return [];
  const dtypeText =
    dtypes.size === 1 ? JSON.stringify(dtype) : JSON.stringify(Object.fromEntries(dtypes)).replaceAll(",", ", ");
  return [
    { language: "JavaScript", code: hasConfig ? transformersCode(dtypeText) : webCode(file, inputs) },
    { language: "Python", code: pythonCode(file, inputs) },
    { language: "C++", code: cppCode(file) },
  ];
}

function transformersCode(dtype: string): string {
  return [
    'import { AutoModel, env } from "@huggingface/transformers";',
    "env.allowRemoteModels = false;",
    'env.localModelPath = "PATH_ABOVE_THE_FOLDER";',
    `const model = await AutoModel.from_pretrained("FOLDER", { dtype: ${dtype} });`,
  ].join("\n");
}

const said = ({ name, type, dims }: Port) => `${name}: ${type} ${dimsText(dims)}`;

function webCode(file: string, inputs: readonly Port[]): string {
  const feeds = inputs.map(({ name }, at) => `${JSON.stringify(name)}: x${at}`).join(", ");
  return [
    'import * as ort from "onnxruntime-web";',
    ...inputs.map((port, at) => `// x${at} is an ort.Tensor, ${said(port)}`),
    `const session = await ort.InferenceSession.create(${JSON.stringify(file)});`,
    `const outputs = await session.run({ ${feeds} });`,
  ].join("\n");
}

function pythonCode(file: string, inputs: readonly Port[]): string {
  const feeds = inputs.map(({ name }, at) => `${JSON.stringify(name)}: x${at}`).join(", ");
  return [
    "import onnxruntime as ort",
    ...inputs.map((port, at) => `# x${at} is a numpy array, ${said(port)}`),
    `session = ort.InferenceSession(${JSON.stringify(file)})`,
    `outputs = session.run(None, {${feeds}})`,
  ].join("\n");
}

function cppCode(file: string): string {
  return [
    "#include <onnxruntime_cxx_api.h>",
    "Ort::Env env;",
    "Ort::SessionOptions options;",
    `Ort::Session session(env, ORT_TSTR(${JSON.stringify(file)}), options);`,
  ].join("\n");
}
