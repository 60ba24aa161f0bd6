// From the settings of VS Code to the options of the server.

/**
 * Whether a setting is the editor's own business, as those with a dot in their names are; all others are options of
 * the server, under the same names.
 */
function isOwn(name: string): boolean {
  return name.includes('.');
}

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
    if (isOwn(name) || !settings.isSet(name)) continue;
    const value = settings.get(name);
    if (value !== null && value !== undefined && value !== '') options[name] = value;
  }
  return options;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
