// Where and for how long the user wants no ghost text.

/** Why there is no ghost text in a document. */
export type Reason =
  | { kind: 'editor' }
  | { kind: 'setting' }
  | { kind: 'snoozed'; minutes: number }
  | { kind: 'file' }
  | { kind: 'language'; language: string }
  | { kind: 'unsupported'; language: string };

/** A document, as far as it matters here. */
export interface Place {
  uri: string;
  language: string;
  /** Whether the server takes documents of this kind. */
  isSupported: boolean;
}

/** What the settings say. */
export interface Wishes {
  /** Whether VS Code shows ghost text, whoever writes it. */
  isShown: boolean;
  enabled: boolean;
  languages: Record<string, boolean>;
}

/**
 * What the user has silenced beyond the settings: files, until they are named again, and everything, until a time.
 * Times are in milliseconds, of the clock that is given.
 */
export class Quiet {
  readonly #files: Set<string>;
  readonly #now: () => number;
  #snoozedUntil = 0;

  constructor(files: string[], now: () => number) {
    this.#files = new Set(files);
    this.#now = now;
  }

  /** The files that are silenced, to be kept. */
  get files(): string[] {
    return [...this.#files];
  }

  /** Milliseconds until the snooze ends; 0 without one. */
  get snoozedFor(): number {
    return Math.max(0, this.#snoozedUntil - this.#now());
  }

  snooze(minutes: number): void {
    this.#snoozedUntil = this.#now() + minutes * 60_000;
  }

  silence(file: string): void {
    this.#files.add(file);
  }

  /** Ends the snooze and names one file again. */
  resume(file: string | undefined): void {
    this.#snoozedUntil = 0;
    if (file !== undefined) this.#files.delete(file);
  }

  /** Why there is no ghost text in a document, or anywhere without one; undefined where there is. */
  reason(place: Place | undefined, wishes: Wishes): Reason | undefined {
    if (!wishes.isShown) return { kind: 'editor' };
    if (!wishes.enabled) return { kind: 'setting' };
    if (this.snoozedFor > 0) return { kind: 'snoozed', minutes: Math.ceil(this.snoozedFor / 60_000) };
    if (place === undefined) return undefined;
    if (!place.isSupported) return { kind: 'unsupported', language: place.language };
    if (this.#files.has(place.uri)) return { kind: 'file' };
    const wanted = wishes.languages[place.language] ?? wishes.languages['*'];
    return wanted === false ? { kind: 'language', language: place.language } : undefined;
  }
}
