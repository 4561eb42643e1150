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
