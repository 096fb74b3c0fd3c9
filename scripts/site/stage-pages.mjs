// Lays the documents out as the generator reads them: as they stand in the checkout, with README.md as the first page, and
// the files that they link to beside them.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const single = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];

/**
 * Markdown of the site, by its path in the checkout.
 * @param {string} root
 */
export function documentsOf(root) {
  /** @type {(folder: string) => string[]} */
  const below = (folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((item) => {
      const path = posix.join(folder, item.name);
      // Written for another reader of Markdown, with tables of HTML.
      if (item.isDirectory()) return path === 'docs/api' ? [] : below(path);
      return item.name.endsWith('.md') ? [path] : [];
    });
  return [...single, ...below('docs')];
}

/**
 * @param {string} root
 * @param {string} pages where to
 */
export function stagePages(root, pages) {
  rmSync(pages, { recursive: true, force: true });
  for (const path of documentsOf(root)) {
    const text = readFileSync(join(root, path), 'utf8');
    const target = join(pages, path === 'README.md' ? 'index.md' : path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replace(/\]\(((?:\.\.\/)*)README\.md/g, ']($1index.md'));
    for (const file of filesLinkedFrom(text)) {
      const linked = posix.normalize(posix.join(posix.dirname(path), file));
      if (linked.startsWith('..') || !statSync(join(root, linked), { throwIfNoEntry: false })?.isFile())
        continue;
      // Once for a page that shows it, which the generator names anew, and once for a link to it.
      for (const place of [pages, join(pages, 'public')]) cpSync(join(root, linked), join(place, linked));
    }
  }
  mkdirSync(join(pages, 'public'), { recursive: true });
  cpSync(join(root, 'src/admin/page/icon.svg'), join(pages, 'public/icon.svg'));
}

/** @param {string} markdown */
function filesLinkedFrom(markdown) {
  return [...markdown.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target)
    .filter((target) => !target.endsWith('.md') && !target.endsWith('/'));
}
