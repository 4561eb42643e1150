import { bust, isAt } from './address.ts'
import { queryAll, sheetsOf } from './dom.ts'
import { baseOf, rulesOf } from './imports.ts'

const urlFunction = /url\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^)\s]*))\s*\)/g
/** Shorthand properties, because their longhands are empty when the value has `var()`. */
const shorthands = ['background', 'border-image', 'list-style', 'mask', 'cursor', 'content']

/** Swaps of a file in the styles of a root: rules, `@font-face` and style attributes. */
export function styleSwaps(root: Document | ShadowRoot, path: string, stamp: string): Swap[] {
  const { own, adopted } = sheetsOf(root)
  const sheets = [...own, ...adopted].flatMap((sheet) => sheetSwaps(sheet, sheet, path, stamp))
  const attributes = queryAll<HTMLElement>(root, '[style*="url(" i]').flatMap((element) =>
    declarationSwaps(element.style, element.baseURI, path, stamp),
  )
  return [...sheets, ...attributes]
}

function sheetSwaps(
  holder: CSSStyleSheet | CSSGroupingRule,
  sheet: CSSStyleSheet,
  path: string,
  stamp: string,
): Swap[] {
  return rulesOf(holder).flatMap((rule) => {
    if (rule instanceof CSSImportRule) {
      return rule.styleSheet === null ? [] : sheetSwaps(rule.styleSheet, rule.styleSheet, path, stamp)
    }
    if (rule instanceof CSSFontFaceRule) return fontSwaps(rule, holder, baseOf(sheet), path, stamp)
    const own = 'style' in rule ? declarationSwaps(rule.style as CSSStyleDeclaration, baseOf(sheet), path, stamp) : []
    // Rules nest: conditions, layers, style rules and keyframes hold rules.
    return 'cssRules' in rule ? [...own, ...sheetSwaps(rule as CSSGroupingRule, sheet, path, stamp)] : own
  })
}

function declarationSwaps(style: CSSStyleDeclaration, base: string, path: string, stamp: string): Swap[] {
  if (!style.cssText.includes('url(')) return []
  return [...new Set([...style, ...shorthands])].flatMap((name) => {
    const value = style.getPropertyValue(name)
    const { text, first } = replaceUrls(value, base, path, stamp)
    if (first === undefined) return []
    const run = (): void => style.setProperty(name, text, style.getPropertyPriority(name))
    return [{ preload: { kind: 'image', address: first }, run }]
  })
}

/** Browsers ignore changes to the declarations of `@font-face`, so the rule is replaced. */
function fontSwaps(
  rule: CSSFontFaceRule,
  holder: CSSStyleSheet | CSSGroupingRule,
  base: string,
  path: string,
  stamp: string,
): Swap[] {
  const { text, first } = replaceUrls(rule.cssText, base, path, stamp)
  if (first === undefined) return []
  const run = (): void => {
    const index = rulesOf(holder).indexOf(rule)
    if (index === -1) return
    holder.insertRule(text, index + 1)
    holder.deleteRule(index)
  }
  return [{ preload: { kind: 'font', address: first }, run }]
}

function replaceUrls(value: string, base: string, path: string, stamp: string): { text: string; first?: string } {
  let first: string | undefined
  const text = mapUrls(value, (address) => {
    if (!isAt(address, base, path)) return undefined
    const next = bust(address, base, stamp)
    first ??= next
    return next
  })
  return first === undefined ? { text } : { text, first }
}

/** Replaces the URLs of a value. `data:` URLs, and those for which `next` returns undefined, stay. */
export function mapUrls(value: string, next: (address: string) => string | undefined): string {
  return value.replace(urlFunction, (whole, double?: string, single?: string, bare?: string) => {
    const address = (double ?? single ?? bare ?? '').replace(/\\(.)/g, '$1')
    const other = address.startsWith('data:') ? undefined : next(address)
    return other === undefined ? whole : `url(${JSON.stringify(other)})`
  })
}

/** Replaces a changed file in one place of the page. */
export interface Swap {
  /** The URL to load first, so that the place is not empty meanwhile. */
  readonly preload?: { readonly kind: 'image' | 'font'; readonly address: string }
  run(): void
}
