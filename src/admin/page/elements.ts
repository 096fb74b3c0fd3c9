// Reading and writing the document: whatever comes from the tracker is text, never markup.

/** The element that the page is known to have. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** Writes only what has changed, so that a selection or a screen reader is not disturbed each second. */
export function setText(target: string | HTMLElement, text: string): void {
  const element = typeof target === 'string' ? byId(target) : target;
  if (element.textContent !== text) element.textContent = text;
}

type Child = Node | string;

export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

export interface Cell {
  content: Child;
  className?: string;
  /** The cell that names its row. */
  heading?: boolean;
}

/** Gives a table these rows; cells that show the same as before are left alone. Without any it says so. */
export function setRows(id: string, rows: (Cell | string)[][]): void {
  const table = byId<HTMLTableElement>(id);
  const body = table.tBodies[0];
  if (rows.length === 0) {
    if (body.querySelector('.nothing') !== null) return;
    const cell = create('td', 'quiet nothing', 'Nothing yet');
    cell.colSpan = table.tHead?.rows[0]?.cells.length ?? 1;
    body.replaceChildren(create('tr', '', cell));
    return;
  }
  if (body.querySelector('.nothing') !== null) body.replaceChildren();
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, index) => {
    const row = body.rows[index] ?? body.insertRow();
    for (const [column, cell] of cells.entries()) {
      setCell(row, column, typeof cell === 'string' ? { content: cell } : cell);
    }
  });
}

function setCell(row: HTMLTableRowElement, column: number, { content, className = '', heading }: Cell): void {
  let cell = row.cells[column];
  if (cell === undefined) {
    cell = create(heading ? 'th' : 'td');
    if (heading) cell.scope = 'row';
    row.append(cell);
  }
  if (cell.className !== className) cell.className = className;
  if (typeof content === 'string') setText(cell, content);
  else if (!cell.firstChild?.isEqualNode(content)) cell.replaceChildren(content);
}

/** A bar that is filled by `share`, 0 to 1; its number must stand beside it as text. */
export function createBar(share: number): HTMLElement {
  const filled = create('span');
  const bar = create('span', 'bar', filled);
  bar.setAttribute('aria-hidden', 'true');
  filled.style.width = `${(100 * Math.min(1, share)).toFixed(1)}%`;
  return bar;
}
