import type { Reply } from './reply.ts'

/**
 * Makes a mapping of replies remember what it made of a shared (frozen) one, so that a filter which adds
 * constant fields costs a look-up. The mapped reply is shared in turn, and forgotten with its original.
 */
export function remember(map: (reply: Reply) => Reply): (reply: Reply) => Reply {
  const known = new WeakMap<Reply, Reply>()
  return (reply) => {
    const before = known.get(reply)
    if (before !== undefined) return before
    const mapped = map(reply)
    if (Object.isFrozen(reply)) known.set(reply, mapped === reply ? reply : Object.freeze(mapped))
    return mapped
  }
}
