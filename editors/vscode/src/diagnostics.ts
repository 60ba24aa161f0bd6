// Passes on what other tools say is wrong with a text: a server is not told of other servers' diagnostics, and
// what is wrong near the cursor helps a model to see what is meant.

import {
  DiagnosticSeverity,
  type Disposable,
  languages,
  type TextDocument,
  type Uri,
  workspace,
} from 'vscode';

import { DIAGNOSTICS, type Diagnostics } from './protocol.ts';
import { SELECTOR, type Server } from './server.ts';

export class DiagnosticsFeed implements Disposable {
  readonly #server: Server;
  /** What was said last of each text that had something wrong. */
  readonly #said = new Map<string, string>();
  readonly #subscriptions: Disposable[];

  constructor(server: Server) {
    this.#server = server;
    this.#subscriptions = [
      languages.onDidChangeDiagnostics(({ uris }) => {
        for (const uri of uris) this.#tell(uri);
      }),
      workspace.onDidOpenTextDocument((document) => this.#tell(document.uri)),
      workspace.onDidCloseTextDocument((document) => this.#said.delete(document.uri.toString())),
    ];
  }

  /** Says everything anew, to a server that has just started. */
  startOver(): void {
    this.#said.clear();
    for (const document of workspace.textDocuments) this.#tell(document.uri);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #tell(uri: Uri): void {
    const client = this.#server.client;
    const document = workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
    if (!client || !document || languages.match(SELECTOR, document) === 0) return;
    const message = diagnosticsOf(document, client.code2ProtocolConverter.asUri(uri));
    const text = JSON.stringify(message.diagnostics);
    const before = this.#said.get(uri.toString()) ?? '[]';
    if (text === before) return;
    this.#said.set(uri.toString(), text);
    void client.sendNotification(DIAGNOSTICS, message);
  }
}

function diagnosticsOf(document: TextDocument, uri: string): Diagnostics {
  const found = languages
    .getDiagnostics(document.uri)
    // Hints are about style.
    .filter((one) => one.severity <= DiagnosticSeverity.Warning);
  return {
    uri,
    diagnostics: found.map((one) => ({
      range: {
        start: { line: one.range.start.line, character: one.range.start.character },
        end: { line: one.range.end.line, character: one.range.end.character },
      },
      // LSP counts from 1, VS Code from 0.
      severity: one.severity + 1,
      message: one.message,
    })),
  };
}
