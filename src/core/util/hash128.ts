type Lanes = [number, number, number, number]

const multipliers = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const
const increments = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17] as const

/**
 * MurmurHash3 (x86, 128 bits, seed 0). Different bytes do not have the same hash by chance, but an attacker can find
 * such bytes: use node:crypto against attacks. Loading that takes an eighth of the start-up time.
 */
export function hash128(bytes: Uint8Array): Buffer {
  const { buffer, byteOffset, length } = bytes
  const whole = length - (length % 16)
  const lanes: Lanes = [0, 0, 0, 0]
  const words = new DataView(buffer, byteOffset, length)
  for (let at = 0; at < whole; at += 16) {
    for (let lane = 0; lane < 4; lane++) {
      const mixed = rotate(lanes[lane]! ^ scramble(words, at, lane), 19 - 2 * lane) + lanes[(lane + 1) & 3]!
      lanes[lane] = (Math.imul(mixed, 5) + increments[lane]!) | 0
    }
  }
  const rest = new Uint8Array(16)
  rest.set(bytes.subarray(whole))
  const last = new DataView(rest.buffer)
  for (let lane = 0; lane < 4; lane++) lanes[lane] = lanes[lane]! ^ scramble(last, 0, lane) ^ length
  spread(lanes)
  const hash = Buffer.alloc(16)
  spread(lanes.map(avalanche) as Lanes).forEach((value, lane) => hash.writeInt32BE(value, lane * 4))
  return hash
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function scramble(words: DataView, at: number, lane: number): number {
  const word = Math.imul(words.getInt32(at + lane * 4, true), multipliers[lane]!)
  return Math.imul(rotate(word, 15 + lane), multipliers[(lane + 1) & 3]!)
}

function spread(lanes: Lanes): Lanes {
  lanes[0] = (lanes[0] + lanes[1] + lanes[2] + lanes[3]) | 0
  for (let lane = 1; lane < 4; lane++) lanes[lane] = (lanes[lane]! + lanes[0]) | 0
  return lanes
}

/** One value in which each bit depends on every bit of another (MurmurHash3's finalizer); signed, 32 bits. */
export function avalanche(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
