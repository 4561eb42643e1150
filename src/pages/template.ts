import { readFileSync } from 'node:fs'
import { nodeCrypto } from '../core/util/builtin.ts'
import { escapeHtml } from '../core/util/escape.ts'

/** A page of fixed text and named slots. */
export interface Template<Slot extends string> {
  /** The page with its slots filled: values of `{{name}}` are escaped, those of `{{{name}}}` are markup. */
  fill(values: Readonly<Record<Slot, string>>): string
  /** Content-Security-Policy sources of the inline style sheets, for example `'sha256-…'`. */
  readonly styleSources: string
  /** Content-Security-Policy sources of the inline scripts; `'none'` without one. */
  readonly scriptSources: string
}

// Source and built files both lie two folders below the package root.
const folder = new URL('../../templates/pages/', import.meta.url)

/**
 * Reads and compiles `templates/pages/<name>`. `{{> file}}` includes another file of that folder, such as a style sheet
 * or a script. Callers keep the result, since this reads the disk.
 */
export function loadTemplate<Slot extends string>(name: string): Template<Slot> {
  const text = readTemplate(name).replace(/\{\{> ?([\w.-]+)\}\}/g, (_, file: string) => readTemplate(file).trimEnd())
  return compileTemplate(text)
}

/** Compiles the text of a page. */
export function compileTemplate<Slot extends string>(text: string): Template<Slot> {
  // Fixed text, opening braces and the name of a slot alternate.
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
  // A checkout on Windows may have CRLF, which browsers turn into LF before they hash a style or script.
  return readFileSync(new URL(name, folder), 'utf8').replaceAll('\r\n', '\n')
}

/** The hashes of inline blocks (CSP Level 3 section 6.7.2.4), computed from the page, which they must match. */
function hashSources(text: string, blocks: RegExp): string {
  const { createHash } = nodeCrypto()
  const sources = Array.from(text.matchAll(blocks), ([, content = '']) => {
    return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
  })
  return sources.length === 0 ? "'none'" : sources.join(' ')
}

const ownPolicies = new Set<string>()

/**
 * Registers the Content-Security-Policy of a page of serve8008 and returns it. Live reload may widen these policies for
 * its client. Each template has one, so there are only a few.
 */
export function ownPolicy(text: string): string {
  ownPolicies.add(text)
  return text
}

/** Whether a field value is the policy of a page of serve8008, byte for byte. */
export function isOwnPolicy(text: string): boolean {
  return ownPolicies.has(text)
}
