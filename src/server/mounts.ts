import type { ResolvedConfig } from '../config/types.ts'

/** The served folders by their paths, `base` included: the root first, then the mounts. */
export function foldersOf(
  config: Pick<ResolvedConfig, 'base' | 'root' | 'mounts'>,
): { readonly path: string; readonly folder: string }[] {
  const { base, root, mounts } = config
  return [
    { path: base, folder: root },
    ...mounts.map(({ path, folder }) => ({ path: `${base}${path.slice(1)}`, folder })),
  ]
}
