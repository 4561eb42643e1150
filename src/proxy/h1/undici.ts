import type { Client, Pool } from 'undici'

// Only the files that are used: loading all of undici takes longer than starting the server. This is the only file that
// imports private parts of undici, and its test names each of them.

export async function loadPool(): Promise<typeof Pool> {
  // @ts-expect-error: undici types its entry only.
  const loaded = (await import('undici/lib/dispatcher/pool.js')) as { default: typeof Pool }
  return loaded.default
}

export async function loadClient(): Promise<typeof Client> {
  // @ts-expect-error: undici types its entry only.
  const loaded = (await import('undici/lib/dispatcher/client.js')) as { default: typeof Client }
  return loaded.default
}

/** The parts of undici's HTTP parser that are used here. */
interface UndiciParser {
  readonly ptr: number
  readonly llhttp: { llhttp_set_lenient_spaces_after_chunk_size(parser: number, isOn: number): void }
}

/** Loads a function that returns the parser of a socket that undici uses. */
export async function loadParserOf(): Promise<(socket: object) => UndiciParser | undefined> {
  // @ts-expect-error: undici types its entry only.
  const { default: symbols } = (await import('undici/lib/core/symbols.js')) as { default: { kParser: symbol } }
  return (socket) => (socket as { [name: symbol]: UndiciParser | undefined })[symbols.kParser]
}
