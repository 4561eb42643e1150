import { comparablePath } from '../../http/message/normalize-path.ts'

/** Finds the most specific of some things that have a path prefix (with a slash at both ends). */
export function createFinder<Item extends { readonly path: string }>(
  items: readonly Item[],
): (path: string) => Item | undefined {
  const ordered = items
    .map((item) => ({ prefix: comparablePath(item.path), item }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)
  return (requested) => {
    const path = comparablePath(requested)
    return ordered.find(({ prefix }) => path.startsWith(prefix) || `${path}/` === prefix)?.item
  }
}
