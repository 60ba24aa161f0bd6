// The item in the status bar.

import { type Disposable, MarkdownString, StatusBarAlignment, ThemeColor, window } from 'vscode';

import type { Shown } from './status.ts';

/** Milliseconds that a request takes before it is shown to be under way; most are answered before. */
const BUSY_AFTER_MS = 300;

export class StatusItem implements Disposable {
  readonly #item = window.createStatusBarItem('midfill.status', StatusBarAlignment.Right, 100);
  #last = '';
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#item.name = 'Midfill';
    this.#item.command = 'midfill.menu';
    this.#item.show();
  }

  /** The text that is shown now. */
  get text(): string {
    return this.#item.text;
  }

  /** Shows what `look` says, given whether the server is to be shown at work. */
  update(isBusy: boolean, look: (isBusy: boolean) => Shown): void {
    if (!isBusy) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#show(look(false));
    } else if (this.#timer === undefined) {
      this.#show(look(false));
      this.#timer = setTimeout(() => this.#show(look(true)), BUSY_AFTER_MS);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#item.dispose();
  }

  #show(shown: Shown): void {
    const key = JSON.stringify(shown);
    if (key === this.#last) return;
    this.#last = key;
    this.#item.text = shown.text;
    const tooltip = new MarkdownString();
    shown.tooltip.forEach((sentence, index) => {
      if (index > 0) tooltip.appendMarkdown('\n\n');
      tooltip.appendText(sentence);
    });
    this.#item.tooltip = tooltip;
    const plain = shown.text.replace(/\$\([^)]*\)\s*/, '');
    this.#item.accessibilityInformation = { label: `${plain}. ${shown.tooltip.join(' ')}`, role: 'button' };
    this.#item.backgroundColor =
      shown.severity === 'none' ? undefined : new ThemeColor(`statusBarItem.${shown.severity}Background`);
  }
}
