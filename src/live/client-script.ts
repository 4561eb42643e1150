import { readFileSync } from 'node:fs'
import { hexHash } from '../core/util/hash.ts'

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
    script = { content, version: hexHash(content.toString('latin1')) }
  }
  return script
}
