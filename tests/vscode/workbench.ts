// A real VS Code: its server with its extension host, and its window in a headless Chromium.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

// It is among the packages of the extension.
const { chromium } = createRequire(join(import.meta.dirname, '../../editors/vscode/package.json'))(
  'playwright-core',
) as typeof import('playwright-core');

/** How long a machine that is busy may take for one step. */
export const PATIENCE_MS = 60_000;

export interface Setting {
  /** VS Code's server. */
  vscode: string;
  /** The folder of the extension. */
  extension: string;
}

export interface Options {
  /** What `midfill` does when the extension runs it: a line of shell. Without one there is no program. */
  program?: string;
  settings?: Record<string, unknown>;
  /** Files of the workspace, by name. */
  files?: Record<string, string>;
  /** Whether VS Code asks whether the workspace is to be trusted, and takes it that it is not. */
  isUntrusted?: boolean;
  /** A file with tests to run in the extension host. */
  tests?: string;
  /** The file to open. */
  open?: string;
  language?: string;
}

// Nothing that moves, asks, or fetches.
const CALM = {
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.inlineSuggest.enabled': true,
  'editor.accessibilitySupport': 'off',
  'editor.cursorBlinking': 'solid',
  'editor.minimap.enabled': false,
  'editor.wordBasedSuggestions': 'off',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'chat.commandCenter.enabled': false,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'window.commandCenter': false,
  'files.autoSave': 'off',
};

const CHROMIUM = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export class Workbench {
  /** The folder of this run: workspace, data, logs. */
  readonly home: string;
  readonly page: Page;
  readonly #server: ChildProcess;
  readonly #browser: Browser;

  private constructor(home: string, server: ChildProcess, browser: Browser, page: Page) {
    this.home = home;
    this.#server = server;
    this.#browser = browser;
    this.page = page;
  }

  get workspace(): string {
    return join(this.home, 'a workspace');
  }

  /** What the tests in the extension host said, one event a line. */
  get results(): string {
    return join(this.home, 'results');
  }

  /** What the extension sent to the program. */
  get wire(): string {
    return readFileSync(join(this.home, 'wire'), 'utf8');
  }

  /** Starts VS Code on a new workspace. */
  static async open({ vscode, extension }: Setting, options: Options): Promise<Workbench> {
    const home = mkdtempSync(join(tmpdir(), 'vscode-'));
    const workspace = join(home, 'a workspace');
    prepare(home, workspace, options);
    const port = await freePort();
    const trust = options.isUntrusted ? [] : ['--disable-workspace-trust'];
    const server = spawn(
      process.execPath,
      [
        vscode,
        ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token'],
        ...['--accept-server-license-terms', '--telemetry-level', 'off', '--disable-experiments'],
        // The environment as it is given here, not as a login shell would make it.
        '--force-disable-user-env',
        ...['--server-data-dir', join(home, 'data'), '--extensions-dir', join(home, 'extensions')],
        ...['--enable-smoke-test-driver', ...trust],
      ],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          HOME: home,
          // Where the extension looks for its program, and nothing else of this machine's.
          PATH: `${join(home, 'bin')}:/usr/bin:/bin`,
          MIDFILL_RESULTS: join(home, 'results'),
          MIDFILL_WIRE: join(home, 'wire'),
          XDG_CACHE_HOME: join(home, 'cache'),
        },
      },
    );
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (data) => appendFileSync(join(home, 'server.log'), data));
    }
    let browser: Browser | undefined;
    try {
      await until('VS Code answers', () => answers(`http://127.0.0.1:${port}/version`));
      browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        headless: true,
        args: CHROMIUM,
      });
      const page = await browser.newPage({
        viewport: { width: 1100, height: 600 },
        ...(options.language && { locale: options.language }),
      });
      const workbench = new Workbench(home, server, browser, page);
      await page.exposeFunction('codeAutomationLog', () => {});
      await page.exposeFunction('codeAutomationExit', (code: number) => {
        appendFileSync(workbench.results, `exit ${code}\n`);
      });
      const remote = (path: string) => `vscode-remote://127.0.0.1:${port}${path}`;
      const payload = [
        ['extensionDevelopmentPath', remote(extension)],
        ...(options.tests ? [['extensionTestsPath', remote(options.tests)]] : []),
        ...(options.open ? [['openFile', remote(join(workspace, options.open))]] : []),
      ];
      const query = `folder=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
      await page.goto(`http://127.0.0.1:${port}/?${query}`);
      return workbench;
    } catch (error) {
      await browser?.close();
      end(server);
      throw error;
    }
  }

  /** Closes everything and removes the folder. */
  async close(): Promise<void> {
    await this.#browser.close();
    end(this.#server);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

function prepare(home: string, workspace: string, options: Options): void {
  for (const folder of ['bin', 'data/data/Machine', 'extensions'])
    mkdirSync(join(home, folder), { recursive: true });
  mkdirSync(workspace);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(join(workspace, name, '..'), { recursive: true });
    writeFileSync(join(workspace, name), text);
  }
  writeFileSync(join(home, 'wire'), '');
  writeFileSync(join(home, 'results'), '');
  const trust = options.isUntrusted
    ? { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }
    : { 'security.workspace.trust.enabled': false };
  const settings = { ...CALM, ...trust, ...options.settings };
  writeFileSync(join(home, 'data/data/Machine/settings.json'), JSON.stringify(settings));
  if (options.program !== undefined) {
    const path = join(home, 'bin/midfill');
    // What is sent to the program is kept, for tests to look at.
    writeFileSync(path, `#!/bin/sh\ntee -a "$MIDFILL_WIRE" | ${options.program}\n`);
    chmodSync(path, 0o755);
  }
}

/** The server has children, which end with its process group. */
function end(server: ChildProcess): void {
  try {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(address)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Waits until something holds. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = PATIENCE_MS,
): Promise<void> {
  const begin = Date.now();
  while (!(await holds())) {
    if (Date.now() - begin > patience) throw new Error(`this did not come true in ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
