import MarkdownIt from "markdown-it";

/** A command line of a document. */
export interface Command {
  readonly text: string;
  /** From the program on, without variables before it. */
  readonly words: readonly string[];
  /** The variables before it. */
  readonly settings: Readonly<Record<string, string>>;
  /** The file that its output goes to. */
  readonly into: string | null;
  /** Whether it stands for many, as `octet inspect MODEL [--json]` does, or for what several machines do. */
  readonly isSynopsis: boolean;
}

const PLACEHOLDER = /^\[|^[A-Z_|]+(?:\.\.\.)?$|\*|^--shard$/;

/** The command lines that run `octet` or `npm` in blocks of code, in their order. */
export function commandsOf(text: string): readonly Command[] {
  return linesOf(text)
    .map(commandOf)
    .filter((command) => command !== null);
}

/** The commands of npm in blocks of code and within sentences, in their order, and those of npx that name more than a program. */
export function npmCommandsOf(text: string): readonly Command[] {
  const within = new MarkdownIt()
    .parse(text, {})
    .flatMap(({ children }) => children ?? [])
    .filter(({ type }) => type === "code_inline")
    .map(({ content }) => content);
  const npx = within
    .filter((line) => /^npx \S+ \S/.test(line))
    .map((text) => ({ text, words: text.split(" "), settings: {}, into: null, isSynopsis: false }));
  return [...commandsOf(text), ...within.map(commandOf), ...npx]
    .filter((command) => command !== null)
    .filter(({ words }) => words.length > 1 && /^np[mx]$/.test(words[0]!));
}

function linesOf(text: string): readonly string[] {
  return new MarkdownIt()
    .parse(text, {})
    .filter(({ type }) => type === "fence" || type === "code_block")
    .flatMap(({ content }) => content.replaceAll(/\\\n\s*/g, "").split("\n"))
    .map((line) => line.trim());
}

function commandOf(line: string): Command | null {
  const words = line
    .replace(/^(?:- run: |\$ )/, "")
    .replace(/\s#.*$/, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const settings: Record<string, string> = {};
  while (/^[A-Z_]+=/.test(words[0] ?? "")) {
    const [name = "", value = ""] = words.shift()!.split("=");
    settings[name] = value;
  }
  if (words[0] === "npx" || words[0] === "node") {
    if (words[1] === "cli/octet.mjs") words[1] = "octet";
    if (words[1] === "octet") words.shift();
  }
  if (words[0] !== "octet" && words[0] !== "npm") return null;
  const at = words.indexOf(">");
  const into = at < 0 ? null : words[at + 1]!;
  return {
    text: line,
    words: at < 0 ? words : words.slice(0, at),
    settings,
    into,
    isSynopsis: words.some((word) => PLACEHOLDER.test(word)),
  };
}
