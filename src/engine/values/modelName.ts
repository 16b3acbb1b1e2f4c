/** What a model is called by its file: without folders and without .onnx. */
export function modelName(fileName: string): string {
  return fileName.replace(/^.*[\\/]/, "").replace(/\.onnx$/i, "");
}
