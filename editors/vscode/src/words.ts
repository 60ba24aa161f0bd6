// What is said to people, in their language.
//
// Modules that are tested without VS Code speak through here as well: until `speak` is called they speak English.

type Translate = (message: string, ...values: (string | number)[]) => string;

const inEnglish: Translate = (message, ...values) =>
  message.replace(/\{(\d+)\}/g, (_, index) => String(values[Number(index)] ?? ''));

let translate = inEnglish;

/** Takes over VS Code's own translation. */
export function speak(translation: Translate): void {
  translate = translation;
}

/** A message in the user's language; `{0}` stands for the first value. The English text is the key. */
export function t(message: string, ...values: (string | number)[]): string {
  return translate(message, ...values);
}
