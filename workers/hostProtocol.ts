/** What the service worker keeps, as the build lists it. */
export interface KeptFiles {
  /** Paths from the folder of the page; a revision for those whose names do not tell their content. */
  readonly files: readonly { readonly url: string; readonly revision: string | null }[];
  /** The sum of their sizes. */
  readonly bytes: number;
  /** Paths of what is kept once it was used: their names tell their content. */
  readonly onFirstUse: readonly string[];
}

/** How large what is kept is; or to take over, as a new version, unless other pages are open with the one of before. */
export type HostQuestion = "bytes" | "update";

export type HostAnswer = { readonly bytes: number } | { readonly others: number };
