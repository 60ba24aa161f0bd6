// A real VS Code: its server with its extension host, and its window in a headless Chromium.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
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
export const PATIENCE_MS = Number(process.env.MIDFILL_PATIENCE_MS ?? 60_000);

export interface Options {
  /** VS Code's server. */
  vscode: string;
  /** The folder of the extension, or a package of it. */
  extension: string;
  /** What `midfill` does when the extension runs it: a line of shell. Without one there is no program. */
  program?: string;
  settings?: Record<string, unknown>;
  /** Files of the workspace, by name. */
  files?: Record<string, string>;
  /** Whether VS Code is to take it that the workspace is not trusted. */
  isUntrusted?: boolean;
  /** A file with tests to run in the extension host, and the group of them that is meant. */
  tests?: string;
  cases?: string;
  /** Milliseconds that these tests wait for something to come true. */
  patience?: number;
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
  static async open(options: Options): Promise<Workbench> {
    const { vscode, extension } = options;
    const home = mkdtempSync(join(tmpdir(), 'vscode-'));
    const workspace = join(home, 'a workspace');
    prepare(home, workspace, options);
    const isPacked = extension.endsWith('.vsix');
    if (isPacked) {
      const folders = ['--server-data-dir', join(home, 'data'), '--extensions-dir', join(home, 'extensions')];
      execFileSync(process.execPath, [vscode, ...folders, '--install-extension', extension], {
        stdio: 'pipe',
      });
    }
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
          MIDFILL_TRAP: join(home, 'trap'),
          MIDFILL_CASES: options.cases ?? '',
          MIDFILL_PATIENCE_MS: String(options.patience ?? PATIENCE_MS),
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
      page.setDefaultTimeout(PATIENCE_MS);
      const workbench = new Workbench(home, server, browser, page);
      await page.exposeFunction('codeAutomationLog', () => {});
      await page.exposeFunction('codeAutomationExit', (code: number) => {
        appendFileSync(workbench.results, `exit ${code}\n`);
      });
      const remote = (path: string) => `vscode-remote://127.0.0.1:${port}${path}`;
      const payload = [
        ...(isPacked ? [] : [['extensionDevelopmentPath', remote(extension)]]),
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
  if (options.isUntrusted) {
    // Settings as somebody would write them into a repository to have their own program run.
    const evil = join(workspace, 'evil');
    writeFileSync(evil, '#!/bin/sh\ntouch "$MIDFILL_TRAP"\n');
    chmodSync(evil, 0o755);
    mkdirSync(join(workspace, '.vscode'));
    const settings = {
      'midfill.server.path': evil,
      'midfill.model': evil,
      'midfill.environment': evil,
      'midfill.inComments': false,
    };
    writeFileSync(join(workspace, '.vscode/settings.json'), JSON.stringify(settings));
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
    writeFileSync(path, `#!/bin/sh\n${options.program}\n`);
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
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  patience = PATIENCE_MS,
): Promise<void> {
  const begin = Date.now();
  while (!(await holds())) {
    if (Date.now() - begin > patience) {
      throw new Error(
        `this did not come true in ${patience} ms: ${typeof what === 'string' ? what : what()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
