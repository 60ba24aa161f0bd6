// Midfill in VS Code: puts the parts together.

import {
  commands,
  type Disposable,
  type ExtensionContext,
  l10n,
  languages,
  type TextDocument,
  Uri,
  window,
  workspace,
} from 'vscode';

import * as configuration from './configuration.ts';
import { DiagnosticsFeed } from './diagnostics.ts';
import { writeDocstring } from './docstring.ts';
import { runDoctor } from './doctor.ts';
import { Explanations } from './explanation.ts';
import { showMenu } from './menu.ts';
import { chooseModel } from './models.ts';
import { DOCSTRING, EXPLAIN, RESET_LEARNING, WHY } from './protocol.ts';
import { type Place, Quiet, type Reason } from './quiet.ts';
import { Report } from './report.ts';
import { SELECTOR, Server, textOf } from './server.ts';
import { because, type Health, shown } from './status.ts';
import { StatusItem } from './statusItem.ts';
import { type Subject, subjectHere } from './subject.ts';
import { speak, t } from './words.ts';

/** Keys of what is kept between sessions. */
const QUIET_FILES = 'quietFiles';
const WAS_WELCOMED = 'wasWelcomed';

const SNOOZES = [5, 15, 30, 60, 240];

/** What tests look at. */
export interface Api {
  status: () => { text: string; reason: Reason | undefined; health: Health };
  explanation: () => { markdown: string; state: string; title: string } | undefined;
  why: () => string | undefined;
}

let server: Server | undefined;

export function activate(context: ExtensionContext): Api {
  speak(l10n.t);
  const extension = new Midfill(context);
  server = extension.server;
  void extension.server.start();
  void extension.welcome();
  return extension.api;
}

export async function deactivate(): Promise<void> {
  // VS Code waits for this, and the server for its goodbye.
  await server?.stop();
}

class Midfill {
  readonly server: Server;
  readonly #context: ExtensionContext;
  readonly #quiet: Quiet;
  readonly #item = new StatusItem();
  readonly #explanations: Explanations;
  readonly #names: string[];
  #why: Report | undefined;
  #wasRunning = false;
  #lastReason: Reason | undefined;
  #lastHealth: Health['kind'] | undefined;
  #snoozeTimer: NodeJS.Timeout | undefined;

  constructor(context: ExtensionContext) {
    this.#context = context;
    this.#names = configuration.namesOf(context.extension);
    this.#quiet = new Quiet(context.workspaceState.get<string[]>(QUIET_FILES, []), Date.now);
    this.server = new Server({
      extensionPath: context.extensionPath,
      log: window.createOutputChannel('Midfill', { log: true }),
      program: configuration.program,
      options: () => this.#options(),
      isWanted: (document) => this.#reason(document) === undefined,
      actions: {
        [EXPLAIN]: (argument) => this.#explanations.explain(argument as Subject),
        [DOCSTRING]: (argument) => writeDocstring(this.server, argument as Subject),
      },
    });
    this.#explanations = new Explanations(this.server, this.#media);
    const diagnostics = new DiagnosticsFeed(this.server);
    context.subscriptions.push(
      this.server,
      this.#item,
      this.#explanations,
      diagnostics,
      this.server.onChange(() => {
        const isRunning = this.server.client !== undefined;
        if (isRunning && !this.#wasRunning) diagnostics.startOver();
        this.#wasRunning = isRunning;
        void this.#tellTrouble();
        this.#show();
      }),
      window.onDidChangeActiveTextEditor(() => {
        this.#lastReason = undefined;
        this.#show();
      }),
      workspace.onDidChangeConfiguration(async (event) => {
        if (event.affectsConfiguration('editor.inlineSuggest')) this.#show();
        if (event.affectsConfiguration('midfill.server.path')) await this.server.restart();
        else if (event.affectsConfiguration('midfill')) await this.server.configure();
        else return;
        this.#show();
      }),
      workspace.onDidGrantWorkspaceTrust(() => void this.server.restart()),
      { dispose: () => clearTimeout(this.#snoozeTimer) },
      ...this.#commands(),
    );
    this.#show();
  }

  get api(): Api {
    return {
      status: () => ({
        text: this.#item.text,
        reason: this.#reason(activeDocument()),
        health: this.server.health,
      }),
      explanation: () => {
        const report = this.#explanations.report;
        return report && { markdown: report.markdown, state: report.state, title: report.title };
      },
      why: () => this.#why?.markdown,
    };
  }

  /** Shows the walkthrough, once; not to those who want no walkthroughs. */
  async welcome(): Promise<void> {
    if (this.#context.globalState.get(WAS_WELCOMED)) return;
    await this.#context.globalState.update(WAS_WELCOMED, true);
    const settings = workspace.getConfiguration('workbench');
    const isWanted =
      settings.get('welcomePage.walkthroughs.openOnInstall') !== false &&
      settings.get('startupEditor') !== 'none';
    if (isWanted) await this.#openWalkthrough();
  }

  get #media(): Uri {
    return Uri.joinPath(this.#context.extensionUri, 'media');
  }

  #options(): Record<string, unknown> {
    const options = configuration.optionsOf(this.#names);
    // So that nothing is computed ahead either.
    return this.#quiet.snoozedFor > 0 ? { ...options, enabled: false } : options;
  }

  #reason(document: TextDocument | undefined): Reason | undefined {
    return this.#quiet.reason(document && placeOf(document), configuration.wishes(document));
  }

  #show(): void {
    const reason = this.#reason(activeDocument());
    // What is on the screen is not wanted any more either.
    if (reason && !this.#lastReason) void commands.executeCommand('editor.action.inlineSuggest.hide');
    this.#lastReason = reason;
    this.#item.update(this.server.isBusy, (isBusy) =>
      shown(this.server.health, reason, isBusy, this.server.usage),
    );
  }

  /** Says once what has happened and what can be done; the status item goes on saying it. */
  async #tellTrouble(): Promise<void> {
    const { health } = this.server;
    if (health.kind === this.#lastHealth) return;
    this.#lastHealth = health.kind;
    if (health.kind !== 'missing' && health.kind !== 'stopped') return;
    const ways: Record<string, string> =
      health.kind === 'missing'
        ? {
            [t('Choose the program …')]: 'midfill.chooseProgram',
            [t('How to get it')]: 'midfill.walkthrough',
          }
        : { [t('Start the server anew')]: 'midfill.restart', [t('Show the log')]: 'midfill.showLog' };
    const chosen = await window.showWarningMessage(health.message, ...Object.keys(ways));
    const command = chosen && ways[chosen];
    if (command) await commands.executeCommand(command);
  }

  #commands(): Disposable[] {
    const all: Record<string, () => unknown> = {
      'midfill.menu': () => this.#openMenu(),
      'midfill.explainFunction': () => this.#explanations.explain(subjectHere()),
      'midfill.writeDocstring': () => writeDocstring(this.server, subjectHere()),
      'midfill.stopExplaining': () => this.#explanations.stop(),
      'midfill.pause': () => configuration.write('enabled', false),
      'midfill.pauseFile': () => this.#pauseFile(),
      'midfill.pauseLanguage': () => this.#pauseLanguage(),
      'midfill.resume': () => this.#resume(),
      'midfill.chooseModel': () => chooseModel(this.server),
      'midfill.showWhy': () => this.#showWhy(),
      'midfill.forgetLearnt': () => this.#forgetLearnt(),
      'midfill.doctor': () => runDoctor(this.server, configuration.optionsOf(this.#names)),
      'midfill.showLog': () => this.server.log.show(),
      'midfill.restart': () => this.server.restart(),
      'midfill.chooseProgram': () => chooseProgram(),
      'midfill.walkthrough': () => this.#openWalkthrough(),
    };
    return [
      ...Object.entries(all).map(([name, act]) => commands.registerCommand(name, act)),
      // With an argument from a keybinding it asks nothing.
      commands.registerCommand('midfill.snooze', (minutes?: unknown) => this.#snooze(minutes)),
    ];
  }

  async #openMenu(): Promise<void> {
    const document = activeDocument();
    const reason = this.#reason(document);
    const scene = {
      health: this.server.health,
      reason,
      language: document && placeOf(document).isSupported ? document.languageId : undefined,
    };
    const { tooltip } = shown(this.server.health, reason, false, this.server.usage);
    await showMenu(scene, tooltip[0] ?? '');
  }

  async #pauseFile(): Promise<void> {
    const document = activeDocument();
    if (!document) return;
    this.#quiet.silence(placeOf(document).uri);
    await this.#keepFiles();
  }

  async #pauseLanguage(): Promise<void> {
    const language = activeDocument()?.languageId;
    if (language === undefined) return;
    await configuration.write('languages', { ...configuration.wishes().languages, [language]: false });
  }

  /** Takes back whatever keeps ghost text from the active document. */
  async #resume(): Promise<void> {
    const document = activeDocument();
    const wishes = configuration.wishes(document);
    this.#quiet.resume(document && placeOf(document).uri);
    clearTimeout(this.#snoozeTimer);
    await this.#keepFiles();
    if (!wishes.isShown) await configuration.showGhostText();
    if (!wishes.enabled) await configuration.write('enabled', true);
    if (document && (wishes.languages[document.languageId] ?? wishes.languages['*']) === false) {
      await configuration.write('languages', { ...wishes.languages, [document.languageId]: true });
    }
    await this.server.configure();
  }

  async #snooze(given: unknown): Promise<void> {
    const minutes = typeof given === 'number' && given > 0 ? given : await askMinutes();
    if (minutes === undefined) return;
    this.#quiet.snooze(minutes);
    await this.server.configure();
    this.#tick();
  }

  /** Counts a snooze down, to its end. */
  #tick(): void {
    this.#show();
    clearTimeout(this.#snoozeTimer);
    const left = this.#quiet.snoozedFor;
    if (left > 0) this.#snoozeTimer = setTimeout(() => this.#tick(), (left % 60_000) + 1);
    else void this.server.configure();
  }

  async #keepFiles(): Promise<void> {
    this.#show();
    await this.#context.workspaceState.update(QUIET_FILES, this.#quiet.files);
  }

  async #showWhy(): Promise<void> {
    const document = activeDocument();
    const reason = this.#reason(document);
    try {
      const uri = document?.uri.toString();
      const { markdown } = await this.server.run<{ markdown: string }>(WHY, uri === undefined ? [] : [uri]);
      const report = this.#why?.isOpen ? this.#why : new Report('midfill.why', t('Why'), this.#media, false);
      this.#why = report;
      report.begin(t('Why'), '');
      report.end('done', reason ? because(reason) : '', undefined, markdown);
    } catch (error) {
      void window.showErrorMessage(`Midfill: ${textOf(error)}`);
    }
  }

  async #forgetLearnt(): Promise<void> {
    const forget = t('Forget');
    const question = t(
      'Forget which suggestions you took? It was learnt on this machine and is nowhere else.',
    );
    if ((await window.showWarningMessage(question, { modal: true }, forget)) !== forget) return;
    try {
      const told = await this.server.run<string>(RESET_LEARNING, []);
      void window.showInformationMessage(`Midfill: ${told}`);
    } catch (error) {
      void window.showErrorMessage(`Midfill: ${textOf(error)}`);
    }
  }

  async #openWalkthrough(): Promise<void> {
    const id = `${this.#context.extension.id}#start`;
    await commands.executeCommand('workbench.action.openWalkthrough', id, false);
  }
}

function activeDocument(): TextDocument | undefined {
  const document = window.activeTextEditor?.document;
  // Logs and the like are editors too.
  return document && document.uri.scheme !== 'output' ? document : undefined;
}

function placeOf(document: TextDocument): Place {
  return {
    uri: document.uri.toString(),
    language: document.languageId,
    isSupported: languages.match(SELECTOR, document) > 0,
  };
}

async function askMinutes(): Promise<number | undefined> {
  const items = SNOOZES.map((minutes) => ({ label: t('{0} min', minutes), minutes }));
  const chosen = await window.showQuickPick(items, { title: t('Be quiet for') });
  return chosen?.minutes;
}

async function chooseProgram(): Promise<void> {
  const files = await window.showOpenDialog({ title: t('The program midfill') });
  if (files?.[0]) await configuration.write('server.path', files[0].fsPath);
}
