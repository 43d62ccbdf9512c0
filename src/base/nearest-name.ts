/**
 * The known name that a mistyped one most likely means.
 */

/** Undefined when nothing is near enough to be worth a guess. */
export function findNearestName(written: string, known: Iterable<string>): string | undefined {
  let nearest: { readonly name: string; readonly edits: number } | undefined;
  for (const name of known) {
    const edits = editDistance(written.toLowerCase(), name.toLowerCase());
    if (nearest === undefined || edits < nearest.edits) nearest = { name, edits };
  }
  if (nearest === undefined) return undefined;
  const editsMax = Math.max(2, Math.floor(Math.max(written.length, nearest.name.length) * 0.4));
  return nearest.edits <= editsMax ? nearest.name : undefined;
}

/** "; did you mean X?", or nothing. */
export function suggestion(written: string, known: Iterable<string>): string {
  const nearest = findNearestName(written, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** Insertions, removals, replacements and swaps of neighbours, each counted as one edit. */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const replace = (previous[column - 1] ?? 0) + (same ? 0 : 1);
      const remove = (previous[column] ?? 0) + 1;
      const insert = (current[column - 1] ?? 0) + 1;
      const swap = swapped ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(replace, remove, insert, swap));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}
