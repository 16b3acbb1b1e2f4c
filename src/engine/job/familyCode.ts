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

/** The lines that load what a library takes by default: in JavaScript with that library or ONNX Runtime's own, in Python and C++ with ONNX Runtime's. Of several parts no line runs one. */
export function loadingCode({ dtypes, variants, inputs, hasConfig }: Loaded): readonly LoadingCode[] {
  const files = [...dtypes].flatMap(([part, dtype]) => {
    const { file = null, weights } = variants.find((each) => each.part === part && each.dtype === dtype) ?? {};
    return file ? [{ part, dtype, file, ...(weights && { weights }) }] : [];
  });
  if (files.length === 0) return [];
  const ports = files.length === 1 ? inputs : [];
  return [
    { language: "JavaScript", code: lines(hasConfig ? withTransformers(files) : withWeb(files, ports)) },
    { language: "Python", code: lines(withPython(files, ports)) },
    { language: "C++", code: lines(withCpp(files)) },
  ];
}

interface File {
  readonly part: string;
  readonly dtype: string;
  readonly file: string;
  readonly weights?: string;
}

const lines = (code: readonly string[]) => code.join("\n");
const quoted = (text: string) => JSON.stringify(text);
/** "session", or of several parts "encoder_model". */
const nameOf = ({ part }: File, files: readonly File[]) =>
  files.length === 1 ? "session" : part.replaceAll(/\W/g, "_");

function withTransformers(files: readonly File[]): string[] {
  const [first] = files as readonly [File];
  const each = files
    .map(({ part, dtype }) => `${/^\w+$/.test(part) ? part : quoted(part)}: ${quoted(dtype)}`)
    .join(", ");
  return [
    'import { AutoModel, env } from "@huggingface/transformers";',
    "env.allowRemoteModels = false;",
    'env.localModelPath = "PATH_ABOVE_THE_FOLDER";',
    `const model = await AutoModel.from_pretrained("FOLDER", { dtype: ${files.length === 1 ? quoted(first.dtype) : `{ ${each} }`} });`,
  ];
}

const said = ({ name, type, dims }: Port) => `${name}: ${type} ${dimsText(dims)}`;
const feeds = (inputs: readonly Port[]) => inputs.map(({ name }, at) => `${quoted(name)}: x${at}`).join(", ");

function withWeb(files: readonly File[], inputs: readonly Port[]): string[] {
  return [
    'import * as ort from "onnxruntime-web";',
    ...inputs.map((port, at) => `// x${at} is an ort.Tensor, ${said(port)}`),
    ...files.map((each) => `const ${nameOf(each, files)} = await ort.InferenceSession.create(${webArguments(each)});`),
    ...(inputs.length > 0 ? [`const outputs = await session.run({ ${feeds(inputs)} });`] : []),
  ];
}

/** A page reads no file beside a model unless it is told of it. */
function webArguments({ file, weights }: File): string {
  if (!weights) return quoted(file);
  const path = weights.slice(weights.lastIndexOf("/") + 1);
  return `${quoted(file)}, { externalData: [{ path: ${quoted(path)}, data: ${quoted(weights)} }] }`;
}

function withPython(files: readonly File[], inputs: readonly Port[]): string[] {
  return [
    "import onnxruntime as ort",
    ...inputs.map((port, at) => `# x${at} is a numpy array, ${said(port)}`),
    ...files.map((each) => `${nameOf(each, files)} = ort.InferenceSession(${quoted(each.file)})`),
    ...(inputs.length > 0 ? [`outputs = session.run(None, {${feeds(inputs)}})`] : []),
  ];
}

function withCpp(files: readonly File[]): string[] {
  return [
    "#include <onnxruntime_cxx_api.h>",
    "Ort::Env env;",
    "Ort::SessionOptions options;",
    ...files.map((each) => `Ort::Session ${nameOf(each, files)}(env, ORT_TSTR(${quoted(each.file)}), options);`),
  ];
}
