import { avalanche } from './hash128.ts'

/** FNV-1a over UTF-16 units, 32 bits: fast, and the same on every machine and in every run. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** {@link hashText} as eight hexadecimal digits. */
export function hexHash(text: string): string {
  return hashText(text).toString(16).padStart(8, '0')
}

/** Combines two hashes into one, in which each bit depends on every bit of both. */
export function mixHashes(a: number, b: number): number {
  return avalanche(a ^ b) >>> 0
}
