/** Replaces the URLs of markup. @param map The new URL, or the same one. */
export type MarkupRewriter = (markup: string, map: (url: string) => string) => string

/**
 * Compiles a rewriter for elements (`<loc>`, their content) and attributes (`href=`, their values). A name without a prefix stands for itself with every prefix (`<href>`
 * for `<D:href>`), in either case. Text, attributes and everything else keep their bytes.
 *
 * Each match ends at the next `<` or quote, and no two parts of a pattern take the same characters: matching takes linear
 * time, whatever an upstream sends.
 */
export function createMarkupRewriter(names: readonly string[]): MarkupRewriter {
  const elements = names.filter((name) => name.startsWith('<')).map((name) => name.slice(1, -1))
  const attributes = names.filter((name) => name.endsWith('=')).map((name) => name.slice(0, -1))
  const content = new RegExp(`(<${anyOf(elements)}(?:\\s[^<>]*)?>)(\\s*<!\\[CDATA\\[)?([^<]*)`, 'gi')
  const values = new RegExp(`(\\s${anyOf(attributes)}\\s*=\\s*)("[^"<]*"|'[^'<]*')`, 'gi')
  return (markup, map) => {
    const mapped = (text: string, isLiteral: boolean): string => {
      const url = text.trim()
      if (url === '') return text
      const plain = isLiteral ? url : decodeReferences(url)
      const changed = map(plain)
      if (changed === plain) return text
      return text.replace(url, () => (isLiteral ? changed : encodeReferences(changed)))
    }
    let result = markup
    if (elements.length > 0)
      result = result.replace(content, (_, start: string, section: string | undefined, text: string) =>
        section === undefined ? start + mapped(text, false) : start + section + sectionText(text, mapped),
      )
    if (attributes.length > 0)
      result = result.replace(values, (_, start: string, value: string) => {
        const quote = value.charAt(0)
        return start + quote + mapped(value.slice(1, -1), false) + quote
      })
    return result
  }
}

/** A CDATA section holds no references (XML 1.0 section 2.7), and ends at `]]>`. */
function sectionText(text: string, mapped: (text: string, isLiteral: boolean) => string): string {
  const end = text.indexOf(']]>')
  return end === -1 ? text : mapped(text.slice(0, end), true) + text.slice(end)
}

function anyOf(names: readonly string[]): string {
  const patterns = names.map((name) => {
    const escaped = name.replaceAll('.', '\\.')
    return name.includes(':') ? escaped : `(?:[\\w.-]{1,64}:)?${escaped}`
  })
  return `(?:${patterns.join('|')})`
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Stands for the `&` of a reference that is kept as it is: a character of no text (Unicode section 23.7). */
const keptMark = '\uffff'

/** Decodes the references to ASCII characters. Others stay: in an unknown encoding their characters have no known bytes. */
function decodeReferences(text: string): string {
  return text.replace(/&(?:#(?:x([\da-f]{1,6})|(\d{1,7}))|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[(name as string).toLowerCase()] as string
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16)
    return code > 0x1f && code < 0x7f ? String.fromCharCode(code) : `${keptMark}${whole.slice(1)}`
  })
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  [keptMark]: '&',
}

function encodeReferences(text: string): string {
  return text.replace(/[&<>"'\uffff]/g, (character) => references[character] as string)
}
