import type { Message } from "@bufbuild/protobuf";

/**
 * A shallow copy of a protobuf message with some fields replaced; `undefined` clears a field. Unknown fields and
 * field presence carry over, and nothing below the message is copied.
 */
export function withFields<M extends Message>(message: M, changes: Partial<M>): M {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(message)), message) as M;
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete copy[key as keyof M];
    else copy[key as keyof M] = value as M[keyof M];
  }
  return copy;
}
