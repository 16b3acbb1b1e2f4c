import { fromBinary } from "@bufbuild/protobuf";
import { InputError } from "../model/job.ts";
import { type ModelProto, ModelProtoSchema } from "./proto/onnx_pb.ts";

/** How other files begin that come in a model's place: `text` at byte `at`, in lower case. */
const SIGNATURES: readonly { readonly text: string; readonly at?: number; readonly what: string }[] = [
  { text: "version https://git-lfs", what: "a Git LFS pointer, not the model; fetch it with `git lfs pull`" },
  { text: "<!doctype", what: "a web page, not a model; download the file itself" },
  { text: "<html", what: "a web page, not a model; download the file itself" },
  { text: "<?xml", what: "a web page, not a model; download the file itself" },
  { text: "pk\x03\x04", what: "a zip archive; unpack it and choose the .onnx file inside" },
  { text: "\x1f\x8b", what: "gzip-compressed; unpack it first" },
  { text: "tfl3", at: 4, what: "a TensorFlow Lite model; export the network to ONNX first" },
  { text: "ortm", at: 4, what: "in ONNX Runtime's own .ort format; choose the .onnx file it was made from" },
  { text: "\x89hdf", what: "an HDF5 (Keras) file; export the network to ONNX first" },
];

/**
 * Decodes an ONNX file. Every `rawData` is a view into `bytes`: weights are not copied. What the schema does not know
 * (fields, enum values) is kept and written again by `encodeModel`.
 * @throws InputError naming the file when it is not a complete ONNX model.
 */
export function decodeModel(bytes: Uint8Array, fileName: string): ModelProto {
  const file = `"${fileName}"`;
  assertNoOther(bytes, fileName);
  let model: ModelProto;
  try {
    // Not `bytes` itself: views of Node's Buffer would be Buffers, whose slice() does not copy.
    model = fromBinary(ModelProtoSchema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    throw undecodable(bytes, fileName);
  }
  if (!model.graph || model.irVersion === 0n) {
    throw refusal(bytes, fileName, "holds no ONNX graph: it is cut short or another kind of file; choose a model file");
  }
  if (model.opsetImport.length === 0) {
    throw new InputError(`${file} names no operator set: it is cut short or damaged; export or download it again.`);
  }
  return model;
}

/** Throws InputError naming the file when it is empty or of another kind, by how it begins. */
function assertNoOther(bytes: Uint8Array, fileName: string): void {
  if (bytes.byteLength === 0) throw new InputError(`"${fileName}" is empty; choose an .onnx file.`);
  const head = String.fromCharCode(...bytes.subarray(0, 64)).toLowerCase();
  const signature = SIGNATURES.find(({ text, at = 0 }) => head.startsWith(text, at));
  if (signature) throw new InputError(`"${fileName}" is ${signature.what}.`);
}

/** Why a file is no message of ONNX's; `bytes` may be its beginning. */
export function undecodable(bytes: Uint8Array, fileName: string): InputError {
  try {
    assertNoOther(bytes, fileName);
  } catch (error) {
    return error as InputError;
  }
  return refusal(bytes, fileName, "is cut short or is not an ONNX model; export or download it again");
}

function refusal(bytes: Uint8Array, fileName: string, what: string): InputError {
  const why = isText(bytes) ? "is a text file, not an ONNX model; choose the binary .onnx file" : what;
  return new InputError(`"${fileName}" ${why}.`);
}

function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 512).every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
