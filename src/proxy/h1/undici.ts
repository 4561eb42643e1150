import type { Client, Pool } from 'undici'

// The classes that are used, by their own files: the package as a whole takes longer to load than our server to start.

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

/** The parser of undici's connections, as much of it as is set here. */
interface Parser {
  readonly ptr: number
  readonly llhttp: { llhttp_set_lenient_spaces_after_chunk_size(parser: number, isOn: number): void }
}

/** Loads what finds the parser of a connection that undici has taken over. */
export async function loadParserOf(): Promise<(socket: object) => Parser | undefined> {
  // @ts-expect-error: undici types its entry only.
  const { default: symbols } = (await import('undici/lib/core/symbols.js')) as { default: { kParser: symbol } }
  return (socket) => (socket as { [name: symbol]: Parser | undefined })[symbols.kParser]
}
