import type { PathFile } from "../../../workers/protocol.ts";
import { InputError, type JobContext } from "../../engine/model/job.ts";
import { contentsOf } from "./fetching.ts";
import { takeFiles } from "./intake.ts";
import { runHere } from "./jobs.ts";
import { alarm } from "./log.ts";
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
  const paths = [model, ...(recipe === null ? [] : [recipe])];
  const urls = paths.map(ofThisOrigin);
  if (!urls.every((url) => url !== null)) return;
  const files = await runHere({ task: "Fetching", on: paths[0]!, run: (context) => fetched(urls, paths, context) });
  if (files) await takeFiles(files);
}

/** The address of a path where it is of this origin; null, of which the person is told, where it is not. */
function ofThisOrigin(path: string): URL | null {
  const url = URL.canParse(path, location.href) ? new URL(path, location.href) : null;
  if (url?.origin === location.origin) return url;
  alarm(`${path} is not of this page's origin (${location.origin}): download the file and drop it here.`);
  return null;
}

/** The files at addresses, called by paths in messages. Throws InputError where one is not there. */
async function fetched(urls: readonly URL[], paths: readonly string[], context: JobContext): Promise<PathFile[]> {
  const responses = await Promise.all(urls.map((url) => fetch(url, { signal: context.signal })));
  for (const [i, { ok, status, headers }] of responses.entries()) {
    if (ok && !headers.get("content-type")?.startsWith("text/html")) continue;
    throw new InputError(`${paths[i]} is not there (HTTP ${status}): the address names no file of this host.`);
  }
  const contents = await contentsOf(responses, context);
  return urls.map(({ pathname }, i) => {
    const name = decodeURIComponent(pathname.split("/").at(-1)!);
    return { path: name, file: new File([contents[i]!], name) };
  });
}
