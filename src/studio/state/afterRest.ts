/** What asks for something to be done once nobody has asked for it for so many milliseconds, so that a run of changes costs one. */
export function afterRest(act: () => unknown, milliseconds: number): () => void {
  let resting: ReturnType<typeof setTimeout> | null = null;
  return () => {
    if (resting) clearTimeout(resting);
    resting = setTimeout(act, milliseconds);
  };
}
