const markup = /[&<>"']/
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for HTML content and quoted attribute values. */
export function escapeHtml(text: string): string {
  return markup.test(text) ? text.replace(/[&<>"']/g, (character) => entities[character] as string) : text
}

// C0, DEL and C1 control terminals and break lines; the others are invisible or reverse the reading direction
// ("cod.exe" shown as "exe.doc"). The joiners U+200C and U+200D stay: scripts and emoji need them.
const invisible =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/u
const everyInvisible = new RegExp(invisible.source, 'gu')

/**
 * Makes invisible characters visible: control characters become pictures (`␊`), invisible and reordering marks become
 * `⟨U+202E⟩`, and lone surrogates become U+FFFD.
 */
export function visibleText(text: string): string {
  return invisible.test(text) ? text.replace(everyInvisible, picture) : text
}

function picture(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}

/**
 * One path segment, percent-encoded as UTF-8 (RFC 3986 section 2.1), so that no name can end its segment,
 * start a query or close an attribute. Of unpaired surrogates, which have no UTF-8 form, U+DC80 to U+DCFF stand for a
 * byte of a name that is not UTF-8; others become U+FFFD.
 */
export function encodeSegment(name: string): string {
  if (!/[\ud800-\udfff]/u.test(name)) return encodeText(name)
  const parts = name.split(/([\ud800-\udfff])/u)
  return parts.map((part, i) => (i % 2 === 0 ? encodeText(part) : encodeSurrogate(part.charCodeAt(0)))).join('')
}

function encodeText(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27')
}

function encodeSurrogate(code: number): string {
  return code >= 0xdc80 && code <= 0xdcff ? `%${(code & 0xff).toString(16).toUpperCase()}` : '%EF%BF%BD'
}

/** Text cut to at most `length` UTF-16 units, its end replaced by an ellipsis. Never splits a surrogate pair. */
export function clipText(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 2)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 2 : length - 1)}…`
}
