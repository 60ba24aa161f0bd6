// A stand-in for the server, for what the real one does too fast or too seldom to be looked at:
// node stand_in.ts [--without-inline-completion]
//
// It speaks as it is told: its command `standIn.status` sends a status, `standIn.end` ends it without a goodbye.

import { appendFileSync } from 'node:fs';

const withoutGhostText = process.argv.includes('--without-inline-completion');

/** Milliseconds to an answer; long enough to be overtaken. */
const DELAY_MS = 3000;

/** Milliseconds between two pieces of an explanation. */
const PIECE_MS = 60;

type Params = Record<string, unknown>;

interface Message {
  id?: number | string;
  method?: string;
  params: Params;
}

const cancelled = new Set<number | string>();

function send(message: object): void {
  const text = JSON.stringify({ jsonrpc: '2.0', ...message });
  process.stdout.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

function status(params: object): void {
  send({ method: 'midfill/status', params });
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const CANCELLED = new Refusal(-32800, 'cancelled');

async function answer(method: string, params: Params, id: number | string): Promise<unknown> {
  switch (method) {
    case 'initialize':
      return {
        capabilities: {
          textDocumentSync: 2,
          ...(!withoutGhostText && { inlineCompletionProvider: true }),
          executeCommandProvider: { commands: ['midfill.explain', 'standIn.status', 'standIn.end'] },
        },
      };
    case 'textDocument/inlineCompletion': {
      await sleep(DELAY_MS);
      if (cancelled.has(id)) throw CANCELLED;
      const { position } = params;
      return [{ insertText: 'late', range: { start: position, end: position } }];
    }
    case 'workspace/executeCommand':
      return execute(params.command as string, (params.arguments ?? []) as Params[], id);
    default:
      return null;
  }
}

async function execute(command: string, [argument]: Params[], id: number | string): Promise<unknown> {
  switch (command) {
    case 'standIn.status':
      status(argument ?? {});
      return null;
    case 'standIn.end':
      return process.exit(1);
    default:
      return explain(argument ?? {}, id);
  }
}

/** In the first line there is no function; in the second one explaining takes no end. */
async function explain(argument: Params, id: number | string): Promise<unknown> {
  const { textDocument, range, partialResultToken } = argument as {
    textDocument: { uri: string };
    range: { start: { line: number } };
    partialResultToken: string;
  };
  const { line } = range.start;
  if (line === 0) throw new Refusal(-32803, 'There is no function under the cursor.');
  const uri = textDocument.uri;
  const pieces = [
    `## What it does\n\nAdds the values `,
    `of all items, see [line 2](${uri}#L2) and [lines 3–4](${uri}#L3-L4).\n\n`,
    '<img src="https://example.org/x.png" onerror="document.title=1"><script>document.title=2</script>\n\n',
    '## Potential problems\n\n`items` may be `None`.\n',
  ];
  let markdown = '';
  for (let n = 0; n < pieces.length || line === 1; n += 1) {
    await sleep(PIECE_MS);
    if (cancelled.has(id)) throw CANCELLED;
    const append = pieces[n] ?? `More, ${n}. `;
    markdown += append;
    send({ method: '$/progress', params: { token: partialResultToken, value: { append } } });
  }
  return { title: 'Inventory.total_value', markdown: `${markdown}\nThe end.\n`, range };
}

async function receive({ id, method, params }: Message): Promise<void> {
  if (method === undefined) return;
  if (id === undefined) {
    if (method === '$/cancelRequest') cancelled.add(params.id as number);
    if (method === 'exit') process.exit(0);
    return;
  }
  try {
    send({ id, result: (await answer(method, params, id)) ?? null });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    send({ id, error: { code: error.code, message: error.message } });
  }
}

let input = Buffer.alloc(0);
process.stdin.on('data', (data) => {
  appendFileSync(process.env.MIDFILL_WIRE ?? '', data);
  input = Buffer.concat([input, data]);
  for (;;) {
    const head = input.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(input.toString('utf8', 0, head))?.[1]);
    if (input.length < head + 4 + length) return;
    const message = JSON.parse(input.toString('utf8', head + 4, head + 4 + length));
    input = input.subarray(head + 4 + length);
    void receive(message);
  }
});
process.stdin.on('end', () => process.exit(0));
