import type * as Crypto from 'node:crypto'
import type * as Zlib from 'node:zlib'

// Loading these takes a fifth of the start-up time, and few first replies need them.

/** node:crypto, loaded when it is first needed. */
export function nodeCrypto(): typeof Crypto {
  return process.getBuiltinModule('node:crypto')
}

/** node:zlib, loaded when it is first needed. */
export function nodeZlib(): typeof Zlib {
  return process.getBuiltinModule('node:zlib')
}
