import { mapUrls } from './css-urls.ts'
import { sheetsOf } from './dom.ts'
import { baseOf, rulesOf } from './imports.ts'
import { settleWithin } from './saved-globals.ts'

/** Milliseconds that a swap waits for the stand-ins of its fonts. */
const loadMs = 1000

/** Stand-ins by what their rules say, so that each is loaded once. */
const standIns = new Map<string, FontFace>()
/** Swaps under way: stand-ins stay until the last one is done. */
let swaps = 0

/**
 * Keeps the text of the page in its fonts while style sheets are swapped. A browser makes every `@font-face` again when
 * a sheet that has one comes or goes, and shows another font until it has loaded. Faces that a script added outlive
 * that (CSS Font Loading, section 3), so one stands in for each face in use.
 *
 * @returns what to call when the new sheets are there.
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

/** A face like the one that a rule makes; none for one that the page has not loaded, since it shows no text in it. */
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
  // An address in a sheet starts from the sheet, one in a script from the page.
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

/** Browsers do not agree on whether the name of a family is told with its quotation marks. */
function unquoted(family: string): string {
  return family.replace(/^(["'])(.*)\1$/, '$2')
}
