import { extname } from 'node:path'

/** The type of unknown bytes. */
export const octetStream = 'application/octet-stream'

/**
 * The types of nearly every request. They need no database (mime-types), whose loading takes a quarter of the start-up
 * time. Some differ from the database:
 *
 * - `.ts`, `.mts` are TypeScript sources: plain text, which a browser shows.
 * - `.cjs`, `.jsonc`, `.map`, `.jxl` and others are not registered.
 */
const usual: Readonly<Record<string, string>> = {
  aac: 'audio/aac',
  apng: 'image/apng',
  avif: 'image/avif',
  bin: octetStream,
  cjs: 'text/javascript',
  css: 'text/css',
  csv: 'text/csv',
  cts: 'text/plain',
  flac: 'audio/flac',
  frag: 'text/plain',
  geojson: 'application/geo+json',
  gif: 'image/gif',
  glb: 'model/gltf-binary',
  gltf: 'model/gltf+json',
  gz: 'application/gzip',
  htm: 'text/html',
  html: 'text/html',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  jsonc: 'application/json',
  jsonld: 'application/ld+json',
  jsx: 'text/plain',
  jxl: 'image/jxl',
  ktx2: 'image/ktx2',
  log: 'text/plain',
  m3u8: 'application/vnd.apple.mpegurl',
  m4a: 'audio/mp4',
  map: 'application/json',
  markdown: 'text/markdown',
  md: 'text/markdown',
  mdx: 'text/markdown',
  mjs: 'text/javascript',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  mts: 'text/plain',
  ogg: 'audio/ogg',
  otf: 'font/otf',
  pdf: 'application/pdf',
  png: 'image/png',
  scss: 'text/x-scss',
  svelte: 'text/plain',
  svg: 'image/svg+xml',
  topojson: 'application/json',
  ts: 'text/plain',
  tsx: 'text/plain',
  ttf: 'font/ttf',
  txt: 'text/plain',
  usdz: 'model/vnd.usdz+zip',
  vert: 'text/plain',
  vtt: 'text/vtt',
  vue: 'text/plain',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  webm: 'video/webm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  wgsl: 'text/wgsl',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xhtml: 'application/xhtml+xml',
  xml: 'application/xml',
  yaml: 'text/yaml',
  yml: 'text/yaml',
  zip: 'application/zip',
}

/**
 * Extensions of sources for which the database has another type, such as `rs` (application/rls-services+xml), or one
 * that browsers download. Their bytes decide whether they are text.
 */
const sources: ReadonlySet<string> = new Set(
  (
    'ts mts rs dart pl pm php sh bash bat cmd tex org pot srt sc t me ms bed toml sql tcl csh json5 hjson raml latex rq nt ' +
    'nq trig scm vhd asc pgn sdp'
  ).split(' '),
)

/** Types of text, whatever their name: they need a charset, and compress well. */
const textual =
  /^(?:text\/.*|.*\+(?:json|xml)|application\/(?:json5?|hjson|xml|xml-dtd|javascript|x-javascript|ecmascript|toml|x-ndjson|jsonl|graphql|sql|yaml|x-sh|rtf))$/

/** Binary formats that do not compress themselves. */
const loose =
  /^(?:application\/(?:wasm|vnd\.ms-fontobject|x-font-ttf|x-tar)|font\/(?:ttf|otf|sfnt|collection)|image\/(?:bmp|x-icon|vnd\.microsoft\.icon|x-ms-bmp)|model\/(?:gltf-binary|obj|mtl|stl))$/

let database: ((extension: string) => string | false) | undefined

/** Whether the type of a file needs the database, which is not loaded yet. */
export function needsMediaTypes(fileName: string): boolean {
  const extension = extensionOf(fileName)
  return database === undefined && extension !== '' && !sources.has(extension) && !Object.hasOwn(usual, extension)
}

/** Whether files with this extension are usual on websites. */
export function hasUsualType(fileName: string): boolean {
  return Object.hasOwn(usual, extensionOf(fileName))
}

/** Loads the whole database of types (mime-types), about 25 ms the first time. */
export async function loadMediaTypes(): Promise<void> {
  if (database !== undefined) return
  const { default: mimeTypes } = await import('mime-types')
  database = mimeTypes.lookup
}

/** The media type of a file by its extension, or undefined. Rare ones need {@link loadMediaTypes} first. */
export function typeByName(fileName: string): string | undefined {
  const extension = extensionOf(fileName)
  if (Object.hasOwn(usual, extension)) return usual[extension]
  return sources.has(extension) ? 'text/plain' : database?.(extension) || undefined
}

/** As {@link typeByName}, with the default `application/octet-stream`. */
export function mediaType(fileName: string): string {
  return typeByName(fileName) ?? octetStream
}

/** Whether a file may be a source or other data, so that its bytes decide. */
export function isSource(fileName: string): boolean {
  return sources.has(extensionOf(fileName))
}

/** Whether a media type (without parameters) is text in some encoding. */
export function isTextual(type: string): boolean {
  return textual.test(type)
}

/**
 * Whether a media type (without parameters) is JSON, which is UTF-8 and has no charset parameter (RFC 8259 section 11).
 */
export function isJson(type: string): boolean {
  return /^application\/(?:json5?|hjson|x-ndjson|jsonl)$|\+json$/.test(type)
}

/** Whether a media type, with or without parameters, is HTML. XHTML is another type. */
export function isHtml(type: string): boolean {
  return essenceOf(type) === 'text/html'
}

/** Whether a media type, with or without parameters, is HTML or XML. */
export function isMarkup(type: string): boolean {
  return /^(?:text\/(?:html|xml)|application\/xml|[^/]+\/.*\+xml)$/.test(essenceOf(type))
}

/**
 * Whether compression makes content of a type smaller: text, and binary formats that are not compressed. Not event
 * streams, which must not wait in a compressor.
 */
export function isCompressible(type: string): boolean {
  const essence = essenceOf(type)
  if (essence === 'text/event-stream') return false
  return textual.test(essence) || loose.test(essence)
}

/** A media type without parameters, in lower case. */
function essenceOf(type: string): string {
  const end = type.indexOf(';')
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase()
}

function extensionOf(fileName: string): string {
  return extname(fileName).slice(1).toLowerCase()
}
