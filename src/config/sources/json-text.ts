/** What is wrong with a JSON text, and where. Lines and columns count from 1. */
export interface JsonFault {
  readonly line: number
  readonly column: number
  readonly hint: string
}

const space = /[ \t\n\r]*/y
const scalar =
  /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/**
 * A text, which may hold what looks like a comment, or a comment. What is never closed is taken whole: a search that began
 * again within it would take time that grows with the square of the file.
 */
const textOrComment = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\r\n]*|\/\*(?:[^]*?\*\/|[^]*)/g

/**
 * The value of a JSON text with comments (`//` and `/*`), or where it is broken. Messages of `JSON.parse` do not always
 * have a position.
 */
export function parseJson(text: string): { readonly value: unknown } | { readonly fault: JsonFault } {
  // Blanks replace comments, so that every position stays what it is in the file.
  const plain = text
    .replace(/^\uFEFF/, '')
    .replace(textOrComment, (found) => (isComment(found) ? found.replace(/[^\n]/g, ' ') : found))
  try {
    return { value: JSON.parse(plain) as unknown }
  } catch {
    const at = findFault(plain)
    const before = plain.slice(0, at).split('\n')
    return { fault: { line: before.length, column: (before.at(-1) ?? '').length + 1, hint: faultHint(plain, at) } }
  }
}

function isComment(found: string): boolean {
  return found.startsWith('//') || (found.length > '/*/'.length && found.startsWith('/*') && found.endsWith('*/'))
}

function faultHint(text: string, at: number): string {
  const found = text[at]
  const comma = text.slice(0, at).trimEnd().endsWith(',')
  if (found === undefined) return 'the file ends too early: close every bracket and quote'
  if ((found === '}' || found === ']') && comma) return 'remove the comma before it'
  if (text.startsWith('/*', at)) return 'close the comment: */'
  if (found === '/' || found === '#') return 'remove it, or write comments as // … or /* … */'
  if (found === "'" || /[A-Za-z_$]/.test(found)) return 'put names and texts in double quotes'
  if (found === '"') return 'add a comma before it, or close the text'
  return `remove or complete what starts with ${JSON.stringify(found)}`
}

/** Index of the first character that cannot stand where it stands (RFC 8259). */
function findFault(text: string): number {
  let at = 0
  const closers: string[] = []
  /** What may come next: a value, a name (or the end of an empty container), or what follows a value. */
  let expect: 'value' | 'first' | 'name' | 'after' = 'value'
  const skip = (): void => {
    space.lastIndex = at
    at += space.exec(text)?.[0].length ?? 0
  }
  for (;;) {
    skip()
    const found = text[at]
    const closer = closers.at(-1)
    if (expect === 'after') {
      if (closer === undefined) return at
      if (found === closer) closers.pop()
      else if (found === ',') expect = closer === '}' ? 'name' : 'value'
      else return at
      at++
      continue
    }
    if (expect === 'first' && found === closer) {
      closers.pop()
      expect = 'after'
      at++
      continue
    }
    const named = closer === '}' && expect !== 'value'
    if (!named && (found === '{' || found === '[')) {
      closers.push(found === '{' ? '}' : ']')
      expect = 'first'
      at++
      continue
    }
    scalar.lastIndex = at
    const token = scalar.exec(text)?.[0]
    if (token === undefined || (named && !token.startsWith('"'))) return at
    at += token.length
    expect = 'after'
    if (!named) continue
    skip()
    if (text[at] !== ':') return at
    at++
    expect = 'value'
  }
}
