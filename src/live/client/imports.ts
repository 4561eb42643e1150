import { bust, isAt } from './address.ts'
import { documentElement, onEvent, newElement } from './dom.ts'
import { fetch, setTimeout, settleWithin } from './saved-globals.ts'

/** Milliseconds between two checks whether an imported sheet has loaded, and milliseconds after which the check stops. */
const lookMs = 20
const giveUpMs = 5000

/** An `@import` rule and the sheet that holds it. */
export interface Import {
  readonly sheet: CSSStyleSheet
  readonly rule: CSSImportRule
}

/** Rules of a sheet; none for a sheet of another origin, which scripts cannot read. */
export function rulesOf(sheet: CSSStyleSheet | CSSGroupingRule): CSSRule[] {
  try {
    return [...sheet.cssRules]
  } catch {
    return []
  }
}

/** Base URL of the relative URLs in a sheet. */
export function baseOf(sheet: CSSStyleSheet): string {
  return sheet.href ?? sheet.ownerNode?.baseURI ?? document.baseURI
}

/** The `@import` rules of a path, at any depth. */
export function findImports(sheet: CSSStyleSheet, path: string): Import[] {
  return rulesOf(sheet).flatMap((rule) => {
    if (!(rule instanceof CSSImportRule)) return []
    if (isAt(rule.href, baseOf(sheet), path)) return [{ sheet, rule }]
    return rule.styleSheet === null ? [] : findImports(rule.styleSheet, path)
  })
}

/** The stamp of the newest change of a rule, and rules that stay only until their replacement has loaded. */
const latest = new WeakMap<CSSImportRule, string>()
const leaving = new WeakSet<CSSImportRule>()

/** Imports sheets again. The old rule stays until the new sheet has loaded, so that nothing flashes. */
export async function swapImports(imports: readonly Import[], stamp: string): Promise<void> {
  const fresh = imports.filter(({ rule }) => !leaving.has(rule))
  for (const { rule } of fresh) latest.set(rule, stamp)
  await Promise.allSettled(fresh.map((one) => swapImport(one, stamp)))
}

async function swapImport({ sheet, rule }: Import, stamp: string): Promise<void> {
  const href = bust(rule.href, baseOf(sheet), stamp)
  const nested = rule.styleSheet === null ? [] : addressesIn(rule.styleSheet)
  const [isThere] = await Promise.all([exists(href), ...nested.map(preload)])
  const index = rulesOf(sheet).indexOf(rule)
  if (index === -1 || latest.get(rule) !== stamp) return
  if (!isThere) return sheet.deleteRule(index)
  sheet.insertRule(importText(rule, href), index)
  const next = rulesOf(sheet)[index] as CSSImportRule
  leaving.add(rule)
  const end = performance.now() + giveUpMs
  while (!isLoaded(next) && rulesOf(sheet).includes(next) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  const now = rulesOf(sheet).indexOf(rule)
  if (now !== -1) sheet.deleteRule(now)
}

function importText(rule: CSSImportRule, href: string): string {
  const { layerName, supportsText, media } = rule
  const layer = typeof layerName === 'string' ? (layerName === '' ? ' layer' : ` layer(${layerName})`) : ''
  const supports = typeof supportsText === 'string' ? ` supports(${supportsText})` : ''
  return `@import url(${JSON.stringify(href)})${layer}${supports} ${media.mediaText};`
}

/** URLs of the sheets that a sheet imports, at any depth. */
function addressesIn(sheet: CSSStyleSheet): string[] {
  return rulesOf(sheet).flatMap((rule) => {
    if (!(rule instanceof CSSImportRule)) return []
    const inner = rule.styleSheet === null ? [] : addressesIn(rule.styleSheet)
    return [new URL(rule.href, baseOf(sheet)).href, ...inner]
  })
}

/**
 * Loads a sheet before a rule imports it: a sheet does not apply while one of its imports loads.
 *
 * @returns Whether the sheet has loaded.
 */
async function preload(href: string): Promise<boolean> {
  const link = newElement('link')
  link.rel = 'preload'
  link.as = 'style'
  link.href = href
  let isThere = false
  const done = new Promise<void>((resolve) => {
    onEvent(link, 'load', () => resolve(void (isThere = true)))
    onEvent(link, 'error', () => resolve())
  })
  documentElement(document)?.append(link)
  await settleWithin(giveUpMs, done)
  link.remove()
  return isThere
}

async function exists(href: string): Promise<boolean> {
  if (await preload(href)) return true
  try {
    return (await fetch(href)).ok
  } catch {
    // The page's policy may forbid the fetch, although the sheet exists.
    return true
  }
}

function isLoaded(rule: CSSImportRule): boolean {
  try {
    return rule.styleSheet !== null && rule.styleSheet.cssRules.length >= 0
  } catch {
    return false
  }
}
