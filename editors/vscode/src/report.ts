// A page of Markdown beside the code that may grow while it is read, with links that jump.

import { randomBytes } from 'node:crypto';
import {
  commands,
  type Disposable,
  EventEmitter,
  env,
  Range,
  Selection,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
} from 'vscode';

import { hrefOf, renderable, targetOf } from './link.ts';
import { t } from './words.ts';

export type ReportState = 'writing' | 'done' | 'stopped' | 'failed';

/** Milliseconds between two drawings while text comes in. */
const DRAW_EVERY_MS = 80;

export class Report implements Disposable {
  readonly #panel: WebviewPanel;
  readonly #stop = new EventEmitter<void>();
  readonly #again = new EventEmitter<void>();
  readonly #closed = new EventEmitter<void>();
  #markdown = '';
  #note = '';
  #state: ReportState = 'writing';
  #isReady = false;
  #isOpen = true;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The reader wants no more of it. */
  readonly onStop = this.#stop.event;
  /** The reader wants it anew. */
  readonly onAgain = this.#again.event;
  readonly onClose = this.#closed.event;

  /** `kind` names the sort of report, for conditions of menus. */
  constructor(kind: string, title: string, media: Uri, withButtons: boolean) {
    this.#panel = window.createWebviewPanel(
      kind,
      title,
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      {
        enableScripts: true,
        localResourceRoots: [media],
        retainContextWhenHidden: true,
        enableFindWidget: true,
      },
    );
    this.#panel.webview.onDidReceiveMessage((message) => void this.#receive(message));
    this.#panel.onDidDispose(() => {
      this.#isOpen = false;
      clearTimeout(this.#timer);
      this.#closed.fire();
    });
    this.#panel.webview.html = pageOf(this.#panel, media, withButtons);
  }

  get markdown(): string {
    return this.#markdown;
  }

  get state(): ReportState {
    return this.#state;
  }

  get title(): string {
    return this.#panel.title;
  }

  /** Whether it is open still. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Begins anew on the same page. */
  begin(title: string, note: string): void {
    this.#panel.title = title;
    this.#markdown = '';
    this.#note = note;
    this.#state = 'writing';
    this.#panel.reveal(undefined, true);
    this.#draw();
  }

  append(markdown: string): void {
    if (this.#state !== 'writing') return;
    this.#markdown += markdown;
    this.#draw();
  }

  /** Says what is being done, beside the text. */
  note(note: string): void {
    this.#note = note;
    this.#draw();
  }

  /** Ends it. Without `markdown` what was written so far stays. */
  end(state: ReportState, note: string, title?: string, markdown?: string): void {
    this.#state = state;
    this.#note = note;
    this.#markdown = markdown ?? this.#markdown;
    if (this.#isOpen && title) this.#panel.title = title;
    this.#draw();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  /** Draws soon, together with what else comes until then. */
  #draw(): void {
    this.#timer ??= setTimeout(async () => {
      this.#timer = undefined;
      if (!this.#isOpen || !this.#isReady) return;
      const drawing = { note: this.#note, state: this.#state };
      this.#drawn += 1;
      const mine = this.#drawn;
      const html = await htmlOf(this.#markdown);
      // A later one may have been quicker.
      if (this.#isOpen && mine === this.#drawn) await this.#panel.webview.postMessage({ ...drawing, html });
    }, DRAW_EVERY_MS);
  }

  async #receive(message: { kind: string; href?: string }): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        return this.#draw();
      case 'stop':
        return this.#stop.fire();
      case 'again':
        return this.#again.fire();
      case 'copy':
        return env.clipboard.writeText(this.#markdown);
      case 'open':
        return follow(message.href ?? '');
    }
  }
}

/** Opens what a link leads to. */
export async function follow(href: string): Promise<void> {
  const target = targetOf(hrefOf(href));
  if (target?.kind === 'page') {
    await env.openExternal(Uri.parse(target.uri));
  } else if (target) {
    const editor = await window.showTextDocument(Uri.parse(target.uri), { viewColumn: ViewColumn.One });
    if (target.first === undefined) return;
    const lines = editor.document.lineCount;
    const first = editor.document.lineAt(Math.min(target.first, lines - 1));
    const last = editor.document.lineAt(Math.min(target.last ?? target.first, lines - 1));
    const start = first.range.start.translate(0, first.firstNonWhitespaceCharacterIndex);
    const range = new Range(start, last.range.end);
    editor.selection = new Selection(range.start, range.end);
    editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
  }
}

async function htmlOf(markdown: string): Promise<string> {
  try {
    // VS Code's own Markdown extension; it may be switched off.
    return await commands.executeCommand<string>('markdown.api.render', renderable(markdown));
  } catch {
    return `<pre>${escaped(markdown)}</pre>`;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);
}

// The Markdown may hold anything, markup included: nothing but our own script runs, and nothing is fetched.
function pageOf(panel: WebviewPanel, media: Uri, withButtons: boolean): string {
  const nonce = randomBytes(16).toString('base64');
  const address = (name: string) => panel.webview.asWebviewUri(Uri.joinPath(media, name));
  const policy = `default-src 'none'; style-src ${panel.webview.cspSource}; script-src 'nonce-${nonce}'`;
  const button = (name: string, label: string) => `<button id="${name}">${escaped(label)}</button>`;
  const again = withButtons ? button('again', t('Again')) : '';
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${address('report.css')}">
</head>
<body>
<header>
<span id="note" role="status" aria-live="polite"></span>
${button('stop', t('Stop'))}${again}${button('copy', t('Copy'))}
</header>
<main id="text"></main>
<script nonce="${nonce}" src="${address('report.js')}"></script>
</body>
</html>`;
}
