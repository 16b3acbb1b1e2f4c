import type { PathFile } from "../../../workers/protocol.ts";
import { takeFiles } from "./intake.ts";
import { alarm, alarmFor } from "./log.ts";
import { openSample } from "./sample.ts";

/**
 * Opens what the page's address asks for: `?sample`, or `?model=PATH`, with `&recipe=PATH` if so, of the page's own
 * origin. The address then forgets it, so that a reload goes on with the work.
 */
export async function openLinked(): Promise<void> {
  const { searchParams } = new URL(location.href);
  const isSample = searchParams.has("sample");
  const model = searchParams.get("model");
  const recipe = searchParams.get("recipe");
  if (!isSample && model === null && recipe === null) return;
  history.replaceState(null, "", location.pathname);
  if (isSample) return openSample();
  if (model === null) return alarm("The address names a recipe and no model: add ?model=PATH to it.");
  try {
    const files = await Promise.all([model, ...(recipe === null ? [] : [recipe])].map(fetched));
    if (files.every((file) => file !== null)) await takeFiles(files);
  } catch (error) {
    alarmFor(error, "Opening what the address names");
  }
}

/** The file at a path of this origin; null, of which the person is told, where it is not one or not there. */
async function fetched(path: string): Promise<PathFile | null> {
  const url = URL.canParse(path, location.href) ? new URL(path, location.href) : null;
  if (url?.origin !== location.origin) {
    alarm(`${path} is not of this page's origin (${location.origin}): download the file and drop it here.`);
    return null;
  }
  const response = await fetch(url);
  const name = decodeURIComponent(url.pathname.split("/").at(-1)!);
  const isPage = response.headers.get("content-type")?.startsWith("text/html");
  if (!response.ok || isPage) {
    alarm(`${path} is not there (HTTP ${response.status}): the address names no file of this host.`);
    return null;
  }
  return { path: name, file: new File([await response.blob()], name) };
}
