// Explaining a function: asked for, written beside the code piece by piece, stopped.

import { CancellationTokenSource, commands, type Disposable, type Uri, window } from 'vscode';

import { EXPLAIN, type Explained, type Piece } from './protocol.ts';
import { Report } from './report.ts';
import { type Server, textOf } from './server.ts';
import type { Subject } from './subject.ts';
import { t } from './words.ts';

export class Explanations implements Disposable {
  readonly #server: Server;
  readonly #media: Uri;
  #report: Report | undefined;
  #running: CancellationTokenSource | undefined;
  #subject: Subject | undefined;
  #n = 0;

  constructor(server: Server, media: Uri) {
    this.#server = server;
    this.#media = media;
  }

  /** The page that is open. */
  get report(): Report | undefined {
    return this.#report;
  }

  /** Explains what is there, beside the code. */
  async explain(subject: Subject | undefined): Promise<void> {
    if (!subject) return;
    if (!this.#server.client) {
      void window.showErrorMessage(t('Midfill is not running.'));
      return;
    }
    if (!this.#server.offers(EXPLAIN)) {
      void window.showErrorMessage(t('This version of the program midfill cannot explain. Update it.'));
      return;
    }
    this.#subject = subject;
    this.stop();
    const report = this.#openReport();
    report.begin(t('Explanation'), t('Reading the function …'));
    const running = new CancellationTokenSource();
    this.#running = running;
    await commands.executeCommand('setContext', 'midfill.isExplaining', true);
    try {
      const explained = await this.#ask(subject, report, running);
      if (this.#running === running) report.end('done', '', explained.title, explained.markdown);
    } catch (error) {
      if (this.#running !== running) return;
      const note = running.token.isCancellationRequested ? t('Stopped.') : textOf(error);
      report.end(running.token.isCancellationRequested ? 'stopped' : 'failed', note);
    } finally {
      if (this.#running === running) {
        this.#running = undefined;
        await commands.executeCommand('setContext', 'midfill.isExplaining', false);
      }
      running.dispose();
    }
  }

  /** Stops what is being written. */
  stop(): void {
    this.#running?.cancel();
  }

  dispose(): void {
    this.stop();
    this.#report?.dispose();
  }

  async #ask(subject: Subject, report: Report, running: CancellationTokenSource): Promise<Explained> {
    const client = this.#server.client;
    if (!client) throw new Error(t('Midfill is not running.'));
    const { ProgressType, WorkDoneProgress } = await import('vscode-languageclient/node');
    this.#n += 1;
    const pieces = `midfill/explain/${this.#n}`;
    const work = `${pieces}/work`;
    const subscriptions = [
      client.onProgress(new ProgressType<Piece>(), pieces, (piece) => {
        if (piece.append && this.#running === running) report.append(piece.append);
      }),
      client.onProgress(WorkDoneProgress.type, work, (progress) => {
        const message = 'message' in progress ? progress.message : undefined;
        if (message && this.#running === running && report.state === 'writing') report.note(message);
      }),
    ];
    // The server knows the editor's language, and the setting.
    const argument = { ...subject, partialResultToken: pieces };
    try {
      return await this.#server.run<Explained>(EXPLAIN, [argument], running.token, work);
    } finally {
      for (const subscription of subscriptions) subscription.dispose();
    }
  }

  #openReport(): Report {
    if (this.#report?.isOpen) return this.#report;
    const report = new Report('midfill.explanation', t('Explanation'), this.#media, true);
    report.onStop(() => this.stop());
    report.onClose(() => this.stop());
    report.onAgain(() => {
      if (this.#subject) void this.explain(this.#subject);
    });
    this.#report = report;
    return report;
  }
}
