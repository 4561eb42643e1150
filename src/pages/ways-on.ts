/** A link of an error page. */
export interface WayOn {
  readonly label: string
  /** Relative, so that it stays on this origin and below the path where a program mounted us. */
  readonly href: string
}

/**
 * Where to go from a path without a file: the folder above and the start. Made from the path's slashes alone, so they
 * tell nothing about the disk, and no word of the client's gets onto the page.
 *
 * @param path Of the request-target, as it was sent: that is what a browser counts from.
 * @param base Path prefix of the site with a slash at both ends.
 */
export function waysOn(path: string, base: string): WayOn[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const toTop = '../'.repeat(folder.split('/').length - 2) || './'
  const start = { label: 'Start page', href: toTop + base.slice(1) }
  const isSlashed = folder === path
  const above = isSlashed ? folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1) : folder
  const isBelow = above.startsWith(base) && above.length > base.length
  return isBelow ? [{ label: 'Folder above', href: isSlashed ? '../' : './' }, start] : [start]
}
