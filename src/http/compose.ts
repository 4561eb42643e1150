import type { Filter, Handler, Layer } from './message/exchange.ts'

/** Wraps a handler in layers; the first is the outermost. */
export function composeLayers(layers: readonly Layer[], handler: Handler): Handler {
  return layers.reduceRight((next, layer) => layer(next), handler)
}

/** Joins filters into one, in their order. Synchronous as long as they are. */
export function composeFilters(filters: readonly Filter[]): Filter {
  return (reply, x) => {
    for (let i = 0; i < filters.length; i++) {
      const mapped = (filters[i] as Filter)(reply, x)
      if (mapped instanceof Promise) return mapped.then((next) => runFrom(filters, i + 1, next, x))
      reply = mapped
    }
    return reply
  }
}

async function runFrom(
  filters: readonly Filter[],
  start: number,
  reply: Awaited<ReturnType<Filter>>,
  x: Parameters<Filter>[1],
): Promise<Awaited<ReturnType<Filter>>> {
  for (const filter of filters.slice(start)) reply = await filter(reply, x)
  return reply
}
