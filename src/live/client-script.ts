import { readFileSync } from 'node:fs'

/** The browser client, as it is sent. */
export interface ClientScript {
  readonly content: Buffer
  /** Changes with the content: part of the address, so that browsers may keep the script for good. */
  readonly version: string
}

// Source and built files both lie two folders below the package root.
const file = new URL('../../dist/client/live.js', import.meta.url)
let script: ClientScript | undefined

/** Reads the browser client, once in a process. */
export function clientScript(): ClientScript {
  if (script === undefined) {
    const content = readFileSync(file)
    script = { content, version: fingerprint(content) }
  }
  return script
}

/** FNV-1a, 32 bits: tells builds from one another, and costs no start-up as node:crypto does. */
export function fingerprint(content: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const byte of content) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
