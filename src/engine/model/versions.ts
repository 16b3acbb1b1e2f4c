/** The JSON documents that Octet reads back, and the version that it writes of each. */
export const VERSIONS = {
  recipe: 1,
  calibration: 1,
  report: 1,
  shard: 1,
  "sensitivity-shard": 1,
  signature: 1,
} as const;
export type DocumentKind = keyof typeof VERSIONS;
