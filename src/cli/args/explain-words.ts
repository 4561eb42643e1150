/** The methods of RFC 9110 and PATCH: in lower case they are a typing error. */
export const usualMethods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Whether a word is the code of an error, a warning or a finding, in any case. */
export function isCode(word: string): boolean {
  return /^[dews]8008(?:[_-]\w*)?$/i.test(word)
}

/** Whether a word stands for a code: it is one, begins like one (`E9999`), or is in capitals, as no host or path is. */
export function seemsCode(word: string): boolean {
  return (
    isCode(word) || /^[ew]\d+(?:_\w*)?$/i.test(word) || (/^[A-Z][A-Z0-9_]+$/.test(word) && !usualMethods.includes(word))
  )
}

/** The words of a command. */
export interface SortedWords {
  /** What the command itself takes. */
  readonly asked: readonly string[]
  /** Folders and mounts, as serving takes them. */
  readonly places: readonly string[]
}

/**
 * Sorts the words behind `explain`. A word is a folder if it exists or begins with `./`; where it looks like a path of a
 * URL (`/var/www`), another word has to be the URL. A query (`/search?q=1`) is no mount.
 */
export function sortExplainWords(words: readonly string[], isFolder: (word: string) => boolean): SortedWords {
  const isMount = (word: string): boolean => {
    const [, folder] = /^\/[^=?#]*=(.+)$/s.exec(word) ?? []
    return folder !== undefined && (isRelative(folder) || isFolder(folder))
  }
  const isPlace = (word: string): boolean =>
    isMount(word) || isRelative(word) || (!/^\/|:/.test(word) && !usualMethods.includes(word) && isFolder(word))
  const places = words.filter(isPlace)
  const asked = words.filter((word) => !places.includes(word))
  const [first = ''] = asked
  const hasFolder = places.some((word) => !isMount(word))
  if (hasFolder || !first.startsWith('/') || !/[/:]/.test(asked.slice(1).at(-1) ?? '') || !isFolder(first))
    return { asked, places }
  return { asked: asked.slice(1), places: [first, ...places] }
}

function isRelative(word: string): boolean {
  return /^\.{1,2}(?:[/\\]|$)/.test(word)
}
