// From the settings of VS Code to the options of the server.

/** Settings that are the editor's own business; all others are options of the server, under the same names. */
export const OWN_SETTINGS = ['server.path', 'server.options', 'explain.language', 'trace.server'];

/** Reads settings. */
export interface Settings {
  /** Whether somebody has set it, at any level. */
  isSet: (name: string) => boolean;
  get: (name: string) => unknown;
}

/**
 * The options to send: what is set and not empty, over `server.options`. What nobody has set is left to the
 * server, whose defaults are the same.
 */
export function serverOptions(names: string[], settings: Settings): Record<string, unknown> {
  const others = settings.get('server.options');
  const options: Record<string, unknown> = isObject(others) ? { ...others } : {};
  for (const name of names) {
    if (OWN_SETTINGS.includes(name) || !settings.isSet(name)) continue;
    const value = settings.get(name);
    if (value !== null && value !== undefined && value !== '') options[name] = value;
  }
  return options;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
