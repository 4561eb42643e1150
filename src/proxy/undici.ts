import type { Dispatcher, Pool } from 'undici'

/** The one class of undici that is used; the package as a whole takes longer to load than our server to start. */
export async function loadPool(): Promise<typeof Pool> {
  // @ts-expect-error: undici types its entry only.
  const loaded = (await import('undici/lib/dispatcher/pool.js')) as { default: typeof Pool }
  return loaded.default
}

/** Header fields as undici hands them over for HTTP/1.1; a byte is a character (RFC 9110 section 5.5). */
export function fieldsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw) ? raw.map((field) => (typeof field === 'string' ? field : field.toString('latin1'))) : []
}
