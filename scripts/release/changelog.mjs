// CHANGELOG.md: its sections, a release made of what is unreleased, and the same as Debian and RPM write it.

/**
 * @typedef {object} Release
 * @property {string} version semantic, such as 1.0.0 or 1.0.0-rc.1
 * @property {number} seconds when, since 1970
 * @property {readonly string[]} items what is new, a line each
 * @property {string} maintainer NAME <ADDRESS>
 */

const unreleased = '## Unreleased';

/**
 * What stands in a section, headings of its parts too; empty when there is none.
 * @param {string} changelog
 * @param {string} title `Unreleased` or a version
 */
export function sectionOf(changelog, title) {
  const lines = changelog.split('\n');
  const from = lines.findIndex((line) => line === `## ${title}` || line.startsWith(`## ${title} `));
  if (from < 0) return '';
  const rest = lines.slice(from + 1);
  const to = rest.findIndex((line) => line.startsWith('## '));
  return rest
    .slice(0, to < 0 ? undefined : to)
    .join('\n')
    .trim();
}

/**
 * The lines of a section, continued ones joined; empty when there is none.
 * @param {string} changelog
 * @param {string} title `Unreleased` or a version
 * @returns {string[]}
 */
export function itemsOf(changelog, title) {
  /** @type {string[]} */
  const items = [];
  for (const line of sectionOf(changelog, title).split('\n')) {
    if (line.startsWith('- ')) items.push(line.slice(2).trim());
    else if (/^\s+\S/.test(line) && items.length > 0) items.push(`${items.pop()} ${line.trim()}`);
  }
  return items;
}

/**
 * The changelog with what is unreleased under the version's name, and an empty section for what comes next. Throws when
 * there is nothing to release.
 * @param {string} changelog
 * @param {string} version
 * @param {string} date YYYY-MM-DD
 */
export function releaseSection(changelog, version, date) {
  if (itemsOf(changelog, 'Unreleased').length === 0)
    throw new Error('CHANGELOG.md names nothing under Unreleased');
  return changelog.replace(`${unreleased}\n`, `${unreleased}\n\n## ${version} - ${date}\n`);
}

/** As Debian orders versions, where `~` stands before nothing. @param {string} version */
export const debianVersion = (version) => `${version.replace('-', '~')}-1`;

/** RPM forbids the hyphen. @param {string} version */
export const rpmVersion = (version) => version.replace('-', '~');

/**
 * @param {string} name
 * @param {Release} release
 */
export function formatDebianChangelog(name, { version, seconds, items, maintainer }) {
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
  const body = items.map((item) => wrap(item)).join('\n');
  return `${name} (${debianVersion(version)}) stable; urgency=medium\n\n${body}\n\n -- ${maintainer}  ${date}\n`;
}

/** @param {string} item */
function wrap(item) {
  const lines = ['  *'];
  for (const word of item.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last.length + 1 + word.length > 78 && last.trim() !== '*') lines.push(`    ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}
