import type { PathFile } from "../../../workers/protocol.ts";
import { isDocument, isReport } from "../files.ts";
import { alarmFor, say } from "./log.ts";
import { actions } from "./store.ts";
import { engine } from "./workers.ts";

type Answer = string | null;

let answer: (given: Answer) => void = () => undefined;

/** Answers the dialog that asks for a passphrase; null leaves the file as it is. */
export function answerPassphrase(given: Answer): void {
  answer(given);
}

/** Encrypted recipes, calibrations and reports among files that were dropped, opened by the passphrases that a person gives. It keeps them for one drop. */
export class SealedFiles {
  readonly #opened = new Map<File, File>();
  readonly #passphrases: string[] = [];
  #isGivenUp = false;

  /** Opens what is encrypted among the files, and gives them with what was opened in its place, and without what was not, which is told. */
  async open(files: readonly PathFile[]): Promise<readonly PathFile[]> {
    const sealed = await this.#sealedAmong(files);
    try {
      for (const each of sealed) if (!this.#opened.has(each.file)) await this.#unlock(each);
    } finally {
      actions.passphraseAsked(null);
    }
    return files.flatMap((each) => {
      if (!sealed.includes(each)) return [each];
      const file = this.#opened.get(each.file);
      return file ? [{ ...each, path: each.path.replace(/\.age$/i, ""), file }] : [];
    });
  }

  /** The reports among files that are encrypted and were opened, by the paths that they have there. */
  reportsAmong(files: readonly PathFile[]): readonly PathFile[] {
    return files.flatMap(({ path, file }) => {
      const opened = isReport(path) ? this.#opened.get(file) : undefined;
      return opened ? [{ path, file: opened }] : [];
    });
  }

  async #sealedAmong(files: readonly PathFile[]): Promise<readonly PathFile[]> {
    const named = files.filter(({ path }) => isDocument(path) || isReport(path));
    // What cannot be read is told where it is taken: it is to hold up none of the others.
    const found = await Promise.all(named.map((each) => engine.ask((api) => api.isSealed(each)).catch(() => false)));
    return named.filter((_, at) => found[at]);
  }

  async #unlock(sealed: PathFile): Promise<void> {
    const { path, file } = sealed;
    try {
      const opened = this.#isGivenUp ? null : ((await this.#byKnown(sealed)) ?? (await this.#byAnswers(sealed)));
      if (opened) this.#opened.set(file, opened);
      else say("info", `${path} was left encrypted.`);
    } catch (error) {
      alarmFor(error, `Opening ${path}`);
    }
  }

  async #byKnown(sealed: PathFile): Promise<File | null> {
    for (const passphrase of this.#passphrases) {
      const opened = await this.#attempt(sealed, passphrase);
      if (opened) return opened;
    }
    return null;
  }

  async #byAnswers(sealed: PathFile): Promise<File | null> {
    for (let isWrong = false; !this.#isGivenUp; isWrong = true) {
      actions.passphraseAsked({ path: sealed.path, isWrong, isBusy: false });
      const given = await new Promise<Answer>((resolve) => {
        answer = resolve;
      });
      if (given === null) this.#isGivenUp = true;
      else {
        const opened = await this.#attempt(sealed, given);
        if (opened) this.#passphrases.push(given);
        if (opened) return opened;
      }
    }
    return null;
  }

  /** The file where it is opened by a passphrase and nobody gave up meanwhile. */
  async #attempt(sealed: PathFile, passphrase: string): Promise<File | null> {
    actions.passphraseAsked({ path: sealed.path, isWrong: false, isBusy: true });
    answer = (given) => {
      if (given === null) this.#giveUp();
    };
    const opened = await engine.ask((api) => api.unseal(sealed, passphrase));
    return this.#isGivenUp ? null : opened;
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    actions.passphraseAsked(null);
  }
}
