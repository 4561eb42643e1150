import { attributesOf } from './dom.ts'

/** Most cells of the table that compares two lists: more would take longer than a reload. */
const maxCells = 250_000

/** Pairs the nodes of two lists in order, by their indexes. Undefined if the lists are too long. */
export function align(from: readonly Node[], to: readonly Node[]): [number, number][] | undefined {
  let start = 0
  while (start < from.length && start < to.length && isEqualNode(from[start], to[start])) start++
  let end = 0
  while (end < from.length - start && end < to.length - start && isEqualNode(from.at(-1 - end), to.at(-1 - end))) end++
  const rows = from.length - start - end
  const columns = to.length - start - end
  if (rows * columns > maxCells) return undefined
  const pairs: [number, number][] = Array.from({ length: start }, (_, i) => [i, i])
  // best[i][j]: the highest total likeness of pairs of the nodes from i and from j on.
  const best = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1))
  const at = (i: number, j: number): number => best[i]?.[j] ?? 0
  const weights = new Uint8Array(rows * columns)
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const weight = likeness(from[start + i] as Node, to[start + j] as Node)
      weights[i * columns + j] = weight
      const row = best[i] as Uint32Array
      row[j] = Math.max(at(i + 1, j), at(i, j + 1), weight === 0 ? 0 : weight + at(i + 1, j + 1))
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns;) {
    const weight = weights[i * columns + j] ?? 0
    if (weight > 0 && at(i, j) === weight + at(i + 1, j + 1)) pairs.push([start + i++, start + j++])
    else if (at(i, j) === at(i + 1, j)) i++
    else j++
  }
  for (let i = end; i > 0; i--) pairs.push([from.length - i, to.length - i])
  return pairs
}

function isEqualNode(one: Node | undefined, other: Node | undefined): boolean {
  return one !== undefined && other !== undefined && one.isEqualNode(other)
}

/** How likely two nodes are versions of the same node. 0 means never. */
function likeness(one: Node, other: Node): number {
  if (one.nodeName !== other.nodeName) return 0
  if (one.isEqualNode(other)) return 8
  if (!(one instanceof Element) || !(other instanceof Element)) return 1
  // A changed script is a different script, because the old one has already run.
  if (one instanceof HTMLScriptElement) return 0
  const [id, otherId] = [attribute(one, 'id'), attribute(other, 'id')]
  if (id !== otherId && id !== undefined && otherId !== undefined) return 0
  if (id !== undefined && id === otherId) return 12
  const common = ['name', 'rel', 'href', 'src', 'class'].filter((name) => {
    const value = attribute(one, name)
    return value !== undefined && value === attribute(other, name)
  })
  return 2 + common.length
}

function attribute(element: Element, name: string): string | undefined {
  return attributesOf(element).getNamedItem(name)?.value
}
