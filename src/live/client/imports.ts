import { bust, isAt } from './address.ts'
import { documentElement, onEvent, newElement } from './dom.ts'
import { fetch, setTimeout, settleWithin } from './saved-globals.ts'

/** Milliseconds between two looks whether an imported sheet has come, and after which we go on all the same. */
const lookMs = 20
const giveUpMs = 5000

/** An `@import` rule and the sheet that holds it. */
export interface Import {
  readonly sheet: CSSStyleSheet
  readonly rule: CSSImportRule
}

/** Rules of a sheet: none for one of another origin, which we may not look into. */
export function rulesOf(sheet: CSSStyleSheet | CSSGroupingRule): CSSRule[] {
  try {
    return [...sheet.cssRules]
  } catch {
    return []
  }
}

/** What relative addresses in a sheet start from. */
export function baseOf(sheet: CSSStyleSheet): string {
  return sheet.href ?? sheet.ownerNode?.baseURI ?? document.baseURI
}

/** The rules, at any depth, that import a path. */
export function findImports(sheet: CSSStyleSheet, path: string): Import[] {
  return rulesOf(sheet).flatMap((rule) => {
    if (!(rule instanceof CSSImportRule)) return []
    if (isAt(rule.href, baseOf(sheet), path)) return [{ sheet, rule }]
    return rule.styleSheet === null ? [] : findImports(rule.styleSheet, path)
  })
}

/** The newest change that a rule is being replaced for, and rules that only wait for what follows them. */
const latest = new WeakMap<CSSImportRule, string>()
const leaving = new WeakSet<CSSImportRule>()

/** Imports sheets again. The old rule holds until the new sheet is there, so nothing flashes. */
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

/** Addresses of what a sheet imports, at any depth. */
function addressesIn(sheet: CSSStyleSheet): string[] {
  return rulesOf(sheet).flatMap((rule) => {
    if (!(rule instanceof CSSImportRule)) return []
    const inner = rule.styleSheet === null ? [] : addressesIn(rule.styleSheet)
    return [new URL(rule.href, baseOf(sheet)).href, ...inner]
  })
}

/**
 * Loads a sheet ahead, so that a rule which imports it has it at once: while one of its imports is being loaded, the
 * whole sheet does not hold.
 *
 * @returns whether it has come.
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
    // The page's policy may forbid scripts to load it; that says nothing about the sheet.
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
