/**
 * A parameter or nothing, and what ends it: `;` within an element, `,` or the end after one. Blanks around both are more
 * than the grammar allows, but mean nothing else. The blanks stand so that matching takes linear time.
 */
const parameter =
  /[\t ]*(?:([!#$%&'*+.^_`|~0-9a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9a-z-]+))[\t ]*)?([,;]|$)/giy

/**
 * Parses `Forwarded` (RFC 7239 section 4): the parameters of each element by name in lower case, without quotes.
 *
 * A trusted proxy appends to what its client wrote, such as an open quote or a second `for`, which readers take in different
 * ways. So one error makes all of the field worthless.
 *
 * @returns Undefined for a field that breaks the grammar, also for an element with two parameters of one name.
 */
export function parseForwarded(field: string): readonly ReadonlyMap<string, string>[] | undefined {
  const elements: Map<string, string>[] = []
  let element = new Map<string, string>()
  for (const [, given, quoted = '', token, end] of field.matchAll(parameter)) {
    const name = given?.toLowerCase()
    if (name !== undefined) {
      if (element.has(name)) return undefined
      element.set(name, token ?? quoted.replace(/\\(.)/g, '$1'))
    }
    if (end === ';') continue
    elements.push(element)
    if (end === '') return elements
    element = new Map()
  }
  return undefined
}
