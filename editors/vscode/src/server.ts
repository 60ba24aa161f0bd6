// The language server's life: found, started, listened to, started anew.

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type CancellationToken,
  CancellationTokenSource,
  type Disposable,
  EventEmitter,
  type InlineCompletionItem,
  type InlineCompletionList,
  type LogOutputChannel,
  type ProviderResult,
  type TextDocument,
} from 'vscode';
import type { ErrorHandler, LanguageClient, Middleware, StaticFeature } from 'vscode-languageclient/node';

import { findProgram } from './program.ts';
import { type ServerStatus, STATUS, USAGE, type Usage } from './protocol.ts';
import type { Health } from './status.ts';
import { t } from './words.ts';

/** Documents that are sent to the server. Cells of notebooks are synchronised as parts of their notebooks. */
export const SELECTOR = [
  { scheme: 'file', language: 'python' },
  { scheme: 'untitled', language: 'python' },
  { scheme: 'vscode-remote', language: 'python' },
  { scheme: 'vscode-notebook-cell', language: 'python' },
];

/** A server that ends this often within three minutes is not started again by itself. */
const MOST_ENDINGS = 4;

/** The language client. It is large, so that it is loaded when VS Code goes on already. */
type Lsp = typeof import('vscode-languageclient/node');

type Answer = ProviderResult<InlineCompletionItem[] | InlineCompletionList>;

/** What the server asks of those around it. */
export interface Surroundings {
  extensionPath: string;
  log: LogOutputChannel;
  /** The setting `server.path`. */
  program: () => string;
  /** The options, as the settings have them now. */
  options: () => Record<string, unknown>;
  /** Whether ghost text is wanted in a document. */
  isWanted: (document: TextDocument) => boolean;
  /** What is done here for commands of the server that it offers as code actions, given their argument. */
  actions: Record<string, (argument: unknown) => Thenable<unknown>>;
}

export class Server implements Disposable {
  readonly #around: Surroundings;
  readonly #changed = new EventEmitter<void>();
  #client: LanguageClient | undefined;
  #health: Health = { kind: 'starting' };
  #usage: Usage | undefined;
  #program: string | undefined;
  #isDisposed = false;
  #nAsked = 0;
  /** The newest request for ghost text. */
  #request: CancellationTokenSource | undefined;
  #endings: number[] = [];

  /** The health, the usage or being busy has changed. */
  readonly onChange = this.#changed.event;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get health(): Health {
    return this.#health;
  }

  /** What the last completion cost. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  get log(): LogOutputChannel {
    return this.#around.log;
  }

  /** Whether an answer is awaited. */
  get isBusy(): boolean {
    return this.#nAsked > 0;
  }

  /** The program that was found. */
  get program(): string | undefined {
    return this.#program;
  }

  /** The client of a server that runs. */
  get client(): LanguageClient | undefined {
    return this.#client?.isRunning() ? this.#client : undefined;
  }

  /** Finds the program and starts it. What goes wrong is the health's to tell. */
  async start(): Promise<void> {
    this.#set({ kind: 'starting' });
    const setting = this.#around.program();
    const found = findProgram(setting, this.#around.extensionPath, {
      platform: process.platform,
      env: process.env,
      home: homedir(),
      canRun,
    });
    this.#program = found.path;
    if (found.path === undefined) {
      const message = found.isSettingWrong
        ? t('The setting midfill.server.path names no program: {0}', found.lookedIn.join(', '))
        : t('The program midfill was not found, neither in the extension nor on PATH.');
      this.#around.log.error(message, ...found.lookedIn);
      this.#set({ kind: 'missing', message });
      return;
    }
    this.#around.log.info(`starting ${found.path} (${found.from})`);
    await nextTurn();
    const lsp = await import('vscode-languageclient/node');
    if (this.#isDisposed) return;
    const client = this.#clientFor(found.path, lsp);
    this.#client = client;
    try {
      await client.start();
    } catch (error) {
      if (this.#client === client) this.#stopped(t('Midfill could not be started: {0}', textOf(error)));
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#endings = [];
    this.#usage = undefined;
    await this.start();
  }

  /** Hands over the options as they are now; the server needs no restart for them. */
  async configure(): Promise<void> {
    const settings = { midfill: this.#around.options() };
    await this.client?.sendNotification('workspace/didChangeConfiguration', { settings });
  }

  /**
   * Runs a command of the server.
   *
   * @throws an error whose message is for the user, also where no server runs
   */
  async run<T>(
    command: string,
    args: unknown[],
    token?: CancellationToken,
    workDoneToken?: string,
  ): Promise<T> {
    const client = this.client;
    if (!client) throw new Error(t('Midfill is not running.'));
    const params = { command, arguments: args, ...(workDoneToken && { workDoneToken }) };
    // An `undefined` behind the parameters would be sent as one more of them.
    return client.sendRequest<T>('workspace/executeCommand', params, ...(token ? [token] : []));
  }

  /** Whether the server has a command. */
  offers(command: string): boolean {
    const commands = this.client?.initializeResult?.capabilities.executeCommandProvider?.commands;
    return commands?.includes(command) ?? false;
  }

  dispose(): void {
    this.#isDisposed = true;
    void this.stop();
    this.#changed.dispose();
  }

  /** Ends the server, with a goodbye. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#nAsked = 0;
    try {
      await client?.dispose(2000);
    } catch (error) {
      // One that has not started, or that is gone already, cannot be stopped.
      this.#around.log.debug(textOf(error));
    }
  }

  #clientFor(program: string, lsp: Lsp): LanguageClient {
    const client = new lsp.LanguageClient(
      'midfill',
      'Midfill',
      { command: program, args: ['serve'] },
      {
        documentSelector: SELECTOR,
        outputChannel: this.#around.log,
        revealOutputChannelOn: lsp.RevealOutputChannelOn.Never,
        initializationOptions: () => this.#around.options(),
        initializationFailedHandler: () => false,
        errorHandler: this.#errorHandler(lsp),
        middleware: this.#middleware(),
        // The status item says it without a message in the middle of the window.
        progressOnInitialization: false,
      },
    );
    client.registerFeature(WANTS_USAGE);
    client.onNotification(STATUS, (status: ServerStatus) => {
      if (this.#client === client) this.#set({ kind: 'running', status });
    });
    client.onNotification(USAGE, (usage: Usage) => {
      this.#usage = usage;
      this.#changed.fire();
    });
    client.onDidChangeState(({ newState }) => {
      if (this.#client !== client) return;
      if (newState === lsp.State.Starting) this.#set({ kind: 'starting' });
      // A server that says nothing about itself has nothing to complain about.
      if (newState === lsp.State.Running && this.#health.kind === 'starting') {
        this.#set({ kind: 'running', status: { state: 'ready', message: program } });
      }
    });
    return client;
  }

  #middleware(): Middleware {
    return {
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        if (!this.#around.isWanted(document)) return undefined;
        // VS Code lets a request that is overtaken run on; nobody waits for its answer.
        this.#request?.cancel();
        const request = new CancellationTokenSource();
        this.#request = request;
        const link = token.onCancellationRequested(() => request.cancel());
        const answer = await this.#whileBusy(() => next(document, position, context, request.token)).finally(
          () => link.dispose(),
        );
        // It may have been switched off meanwhile.
        return this.#around.isWanted(document) ? answer : undefined;
      },
      executeCommand: (command, args, next) =>
        this.#around.actions[command]?.(args[0]) ?? next(command, args),
      // Loading is told by the status item, which knows more.
      handleWorkDoneProgress: (token, params, next) => {
        if (!String(token).startsWith('midfill/load/')) next(token, params);
      },
    };
  }

  async #whileBusy(
    ask: () => Answer,
  ): Promise<InlineCompletionItem[] | InlineCompletionList | null | undefined> {
    this.#nAsked += 1;
    this.#changed.fire();
    try {
      return await ask();
    } finally {
      this.#nAsked = Math.max(0, this.#nAsked - 1);
      this.#changed.fire();
    }
  }

  #errorHandler({ CloseAction, ErrorAction }: Lsp): ErrorHandler {
    return {
      error: () => ({ action: ErrorAction.Continue }),
      closed: () => {
        const now = Date.now();
        this.#endings = [...this.#endings.filter((then) => now - then < 180_000), now];
        if (this.#endings.length < MOST_ENDINGS) return { action: CloseAction.Restart, handled: true };
        this.#stopped(t('Midfill has ended {0} times in a row. Its log may say why.', MOST_ENDINGS));
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    };
  }

  #stopped(message: string): void {
    this.#around.log.error(message);
    this.#set({ kind: 'stopped', message });
  }

  #set(health: Health): void {
    this.#health = health;
    this.#changed.fire();
  }
}

/** So that the status item can say why there was no ghost text. */
const WANTS_USAGE: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...capabilities.experimental, midfillUsage: true };
  },
  initialize: () => {},
  getState: () => ({ kind: 'static' }),
  clear: () => {},
};

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
