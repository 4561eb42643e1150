import { plainText } from '../options/shapes.ts'
import { hasConditions, prefixMatch } from '../match.ts'
import { resolveFolder } from '../values/paths.ts'
import type { RouteKind } from './kind.ts'

/** The key of a route that serves a folder. */
export interface FolderKeys {
  /** Folder to serve below the path of the match; an entry of `mounts` is such a route without further conditions. */
  readonly root?: string | undefined
}

/** The files of a folder. */
export interface FolderAction {
  readonly kind: 'folder'
  /** Absolute folder; empty for the one of a site that serves none. */
  readonly root: string
}

/** @internal */
export const folderKind: RouteKind<FolderKeys, FolderAction> = {
  keys: { root: plainText },
  paths: ['root'],
  isFolder: true,
  label: ['Mounts', 'Mount'],
  resolve({ root = '' }, path, { base, cwd, problems }, match) {
    const at = [...path, 'root']
    if (match.kind !== 'prefix') {
      problems.push({ path: at, message: 'a folder needs a path', hint: `use path instead of ${match.kind}` })
    } else if (match.path === prefixMatch(base).path && !hasConditions(match)) {
      const hint = 'set the option root to it, or add a path or a host to the match'
      problems.push({ path: at, message: 'the route takes every path of the served folder', hint })
    }
    return { kind: 'folder', root: resolveFolder(root, cwd, at, problems) }
  },
  redact: (action) => action,
  handle: (_, { folder }) => folder(),
  describe: ({ root }, show) => show(root),
  explain: ({ root }, show) => (root === '' ? 'no route matches, and no folder is served' : `files of ${show(root)}`),
  phrase: ({ root }) => ['serves', 'served', root],
}
