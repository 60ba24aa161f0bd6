// The server's own messages beyond LSP; `src/server/protocol.rs` is the other side.

/** `midfill/status`, server to client. */
export interface ServerStatus {
  state: 'loading' | 'ready' | 'asleep' | 'error';
  /** One sentence for a person. */
  message: string;
  /** Percent loaded, while loading. */
  percent?: number;
}

/** `midfill/usage`, server to client: what the last completion cost. */
export interface Usage {
  /** Prompt tokens found in the cache. */
  reused: number;
  /** Prompt tokens computed. */
  computed: number;
  /** Tokens written. */
  decoded: number;
  shown: boolean;
  /** Why nothing is shown. */
  whyNothing?: string;
}

/** `midfill/diagnostics`, client to server. */
export interface Diagnostics {
  uri: string;
  diagnostics: {
    range: { start: Position; end: Position };
    severity: number;
    message: string;
  }[];
}

interface Position {
  line: number;
  character: number;
}

/** The answer of the command `midfill.switchModel`. */
export interface Models {
  /** Names there are to switch to. */
  models: string[];
  /** The path of the model that serves, or `shipped`. */
  serving: string;
}

/** A piece of an explanation, as `$/progress` under the token that the request named. */
export interface Piece {
  append?: string;
}

/** The answer of the command `midfill.explain`. */
export interface Explained {
  title: string;
  markdown: string;
}

export const STATUS = 'midfill/status';
export const USAGE = 'midfill/usage';
export const DIAGNOSTICS = 'midfill/diagnostics';

/** Commands of the server. The language client makes VS Code commands of them, under the same names. */
export const SWITCH_MODEL = 'midfill.switchModel';
export const WHY = 'midfill.why';
export const RESET_LEARNING = 'midfill.resetLearning';
export const EXPLAIN = 'midfill.explain';
export const DOCSTRING = 'midfill.docstring';
