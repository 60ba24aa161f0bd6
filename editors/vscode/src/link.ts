// Where a link in a report leads.

/** A link into a file, with 0-based lines; or a page for the browser. */
export type Target =
  | { kind: 'file'; uri: string; first: number | undefined; last: number | undefined }
  | { kind: 'page'; uri: string };

/** Understands `file:///a.py#L12`, `#L12-L20`, and addresses of pages; anything else leads nowhere. */
export function targetOf(href: string): Target | undefined {
  if (/^https?:\/\//.test(href)) return { kind: 'page', uri: href };
  const [uri, fragment] = href.split('#', 2);
  if (uri === undefined || !/^(file|untitled|vscode-[a-z-]+):/.test(uri)) return undefined;
  const lines = /^L(\d+)(?:-L?(\d+))?$/.exec(fragment ?? '');
  const line = (digits: string | undefined) =>
    digits === undefined ? undefined : Math.max(0, Number(digits) - 1);
  return { kind: 'file', uri, first: line(lines?.[1]), last: line(lines?.[2] ?? lines?.[1]) };
}

/**
 * Markdown whose links into files VS Code's renderer lets through: it refuses `file:`, so they go as fragments, to be
 * read by `hrefOf`.
 */
export function renderable(markdown: string): string {
  return markdown.replace(/\]\((file:[^()\s]+)\)/g, (_, href) => `](#${encodeURIComponent(href)})`);
}

/** The link that was meant. */
export function hrefOf(rendered: string): string {
  return rendered.startsWith('#file') ? decodeURIComponent(rendered.slice(1)) : rendered;
}
