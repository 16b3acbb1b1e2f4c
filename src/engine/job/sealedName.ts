const SUFFIX = ".age";

/** What a file is called once it is encrypted. */
export function sealedName(name: string): string {
  return `${name}${SUFFIX}`;
}

/** What a file is called once it is decrypted. */
export function openedName(name: string): string {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}

const MODEL = /\.onnx(_data)?$/;

/** Whether a file of a result is encrypted where that is asked for: all but the models, which are what is deployed. */
export function isSealable(name: string): boolean {
  return !MODEL.test(name);
}
