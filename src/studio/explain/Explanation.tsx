import { WORDS, type Word } from "../words.ts";
import { useOwn } from "./useOwn.ts";
import "./Explanation.css";

/** What a word means, and what it comes to in the selected tensor and in the results. */
export function Explanation({ word }: { readonly word: Word }) {
  const lines = useOwn(word);
  return (
    <>
      <p>{WORDS[word]}</p>
      {lines.map((line) => (
        <p key={line} className="own" data-testid="own">
          {line}
        </p>
      ))}
    </>
  );
}
