import { readFileSync } from 'node:fs'
import { nodeCrypto } from '../core/util/builtin.ts'
import { escapeHtml } from '../core/util/escape.ts'

/** A page made of fixed text and named slots. */
export interface Template<Slot extends string> {
  /** The page with its slots filled: `{{name}}` is escaped, `{{{name}}}` takes markup as it is. */
  fill(values: Readonly<Record<Slot, string>>): string
  /** Content-Security-Policy sources of the inline style sheets, for example `'sha256-…'`. */
  readonly styleSources: string
  /** Content-Security-Policy sources of the inline scripts; `'none'` without one. */
  readonly scriptSources: string
}

// Source and built files both lie two folders below the package root.
const folder = new URL('../../templates/pages/', import.meta.url)

/**
 * Reads and compiles `templates/pages/<name>`. `{{> file}}` takes in another file of that folder, so that
 * styles and scripts stay files of their own. Callers keep the result: this reads the disk.
 */
export function loadTemplate<Slot extends string>(name: string): Template<Slot> {
  const text = readTemplate(name).replace(/\{\{> ?([\w.-]+)\}\}/g, (_, file: string) => readTemplate(file).trimEnd())
  return compileTemplate(text)
}

/** Compiles the text of a page. */
export function compileTemplate<Slot extends string>(text: string): Template<Slot> {
  // Odd places hold slots: the braces that open it, then its name.
  const parts = text.split(/(\{\{\{?)(\w+)\}\}\}?/)
  const fixed: string[] = []
  const slots: { name: Slot; raw: boolean }[] = []
  for (let i = 0; i < parts.length; i += 3) {
    fixed.push(parts[i] as string)
    if (i + 2 < parts.length) slots.push({ name: parts[i + 2] as Slot, raw: parts[i + 1] === '{{{' })
  }
  return {
    fill(values) {
      let page = fixed[0] as string
      for (let i = 0; i < slots.length; i++) {
        const { name, raw } = slots[i] as (typeof slots)[number]
        page += (raw ? values[name] : escapeHtml(values[name])) + (fixed[i + 1] as string)
      }
      return page
    },
    styleSources: hashSources(text, /<style>([^]*?)<\/style>/g),
    scriptSources: hashSources(text, /<script(?: type="module")?>([^]*?)<\/script>/g),
  }
}

function readTemplate(name: string): string {
  // A checkout on Windows may hold CRLF, which the HTML parser turns into LF before a style or script is hashed.
  return readFileSync(new URL(name, folder), 'utf8').replaceAll('\r\n', '\n')
}

/** The hashes of inline blocks (CSP Level 3 section 6.7.2.4), taken from the page itself so that they cannot drift. */
function hashSources(text: string, blocks: RegExp): string {
  const { createHash } = nodeCrypto()
  const sources = Array.from(text.matchAll(blocks), ([, content = '']) => {
    return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
  })
  return sources.length === 0 ? "'none'" : sources.join(' ')
}
