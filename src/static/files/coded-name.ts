import { typeByName } from '../../http/message/media-type.ts'
import { chooseEncoding, type ContentCoding } from '../../http/semantics/negotiate.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import type { CodedForm } from './validators.ts'

const codings: Readonly<Record<string, ContentCoding>> = { br: 'br', gz: 'gzip', zst: 'zstd' }

/**
 * Names without `.gz` or `.zst` of files that pages load and that browsers decode: scripts and styles, and the parts of
 * programs that Unity, Godot and Emscripten build (`x.framework.js.gz`, `x.data.gz`, `x.symbols.json.gz`, `x.pck.gz`).
 * Other compressed files (`.tar.gz`, `.csv.gz`, `.json.gz`) are downloads, which users unpack.
 */
const partsOfPages = /\.(?:[cm]?js|css|wasm|data|mem|pck|symbols\.json)$/i

const anyCoded = /\.(?:br|gz|zst|svgz)$/i

/**
 * The type and coding that a file name promises: `x.wasm.gz` is WebAssembly in gzip, `.svgz` an image. Undefined for
 * names without coding and for downloads. Users rarely unpack brotli, so each `.br` except `.tar.br` counts as coded.
 */
export function codedName(fileName: string): CodedForm | undefined {
  if (!anyCoded.test(fileName)) return undefined
  if (/.\.svgz$/i.test(fileName)) return { type: 'image/svg+xml', coding: 'gzip' }
  const [, inner = '', extension = ''] = /^(.+\.[^.]+)\.(br|gz|zst)$/i.exec(fileName) ?? []
  const coding = codings[extension.toLowerCase()]
  if (coding === undefined || /\.tar$/i.test(inner)) return undefined
  if (coding !== 'br' && !partsOfPages.test(inner)) return undefined
  return { type: typeByName(inner) ?? 'application/octet-stream', coding }
}

/** Whether a client accepts a coding. Without `Accept-Encoding` it accepts any (RFC 9110 section 12.5.3). */
export function accepts(x: Exchange, coding: ContentCoding): boolean {
  const field = x.headers.get('accept-encoding')
  return field === undefined || chooseEncoding(field, [coding]) === coding
}
