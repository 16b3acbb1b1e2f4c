// biome-ignore lint/style/noRestrictedImports: the version has one home
import manifest from "../../../package.json" with { type: "json" };

/** What reports and caches say they were made by. */
export const TOOL = { name: "octet", version: manifest.version };
