import { mapUrls } from './css-urls.ts'
import { sheetsOf } from './dom.ts'
import { baseOf, rulesOf } from './imports.ts'
import { settleWithin } from './saved-globals.ts'

/** Most milliseconds that a swap waits for the stand-ins of its fonts. */
const loadMs = 1000

/** Stand-ins by source and traits, so that each is loaded once. */
const standIns = new Map<string, FontFace>()
/** Number of running swaps. Stand-ins stay until the last one is done. */
let swaps = 0

/**
 * Keeps the fonts of the page while style sheets are swapped. When a sheet with `@font-face` is added or removed, browsers
 * load its fonts again, and show another font meanwhile. Faces that a script added stay (CSS Font Loading section 3), so a
 * stand-in is added for each face in use.
 *
 * @returns A function to call when the new sheets have loaded.
 */
export async function holdFonts(): Promise<() => Promise<void>> {
  swaps++
  const held = sheetsOf(document).own.flatMap((sheet) => standInsFor(sheet, sheet))
  await settleWithin(loadMs, Promise.allSettled(held.map((face) => face.load())))
  for (const face of held) if (face.status === 'loaded') document.fonts.add(face)
  return () => releaseStandIns(held)
}

async function releaseStandIns(held: readonly FontFace[]): Promise<void> {
  const real = facesOfSheets().filter((face) => held.some((standIn) => isAlike(standIn, face)))
  await Promise.allSettled(real.map((face) => face.load()))
  swaps--
  if (swaps === 0) for (const face of standIns.values()) document.fonts.delete(face)
}

function standInsFor(holder: CSSStyleSheet | CSSGroupingRule, sheet: CSSStyleSheet): FontFace[] {
  return rulesOf(holder).flatMap((rule) => {
    if (rule instanceof CSSImportRule) {
      return rule.styleSheet === null ? [] : standInsFor(rule.styleSheet, rule.styleSheet)
    }
    if (rule instanceof CSSGroupingRule) return standInsFor(rule, sheet)
    return rule instanceof CSSFontFaceRule ? (standInFor(rule, baseOf(sheet)) ?? []) : []
  })
}

/** The stand-in for the face of a rule; none for a face that the page has not loaded, because no text uses it. */
function standInFor({ style }: CSSFontFaceRule, base: string): FontFace | undefined {
  const wanted = {
    family: style.getPropertyValue('font-family'),
    weight: style.getPropertyValue('font-weight') || 'normal',
    style: style.getPropertyValue('font-style') || 'normal',
    stretch: style.getPropertyValue('font-stretch') || 'normal',
    unicodeRange: style.getPropertyValue('unicode-range') || 'U+0-10FFFF',
  }
  const real = facesOfSheets().find((face) => face.status === 'loaded' && isAlike(face, wanted))
  if (real === undefined) return undefined
  // URLs in a sheet are relative to the sheet; the URLs of a face from a script are relative to the page.
  const source = mapUrls(style.getPropertyValue('src'), (address) => new URL(address, base).href)
  const key = JSON.stringify([source, wanted])
  let face = standIns.get(key)
  if (face === undefined) standIns.set(key, (face = new FontFace(unquoted(real.family), source, real)))
  return face
}

function facesOfSheets(): FontFace[] {
  const ours = new Set(standIns.values())
  return [...document.fonts].filter((face) => !ours.has(face))
}

type Traits = Pick<FontFace, 'family' | 'weight' | 'style' | 'stretch' | 'unicodeRange'>

function isAlike(one: Traits, other: Traits): boolean {
  return (
    unquoted(one.family) === unquoted(other.family) &&
    one.weight === other.weight &&
    one.style === other.style &&
    one.stretch === other.stretch &&
    one.unicodeRange === other.unicodeRange
  )
}

/** Some browsers return the name of a font family with its quotation marks, others without. */
function unquoted(family: string): string {
  return family.replace(/^(["'])(.*)\1$/, '$2')
}
