import { align } from './align.ts'
import { attributesOf, childNodesOf } from './dom.ts'

/** What a page has to be loaded again for. */
class Unpatchable extends Error {}

/** A difference that is known to fit the page. */
type PatchStep = () => void

/**
 * Finds what has changed between two versions of a document, and where that is on the page. Only the differences of
 * the versions count: what scripts and users made of the page since stays as it is.
 *
 * @returns what to do. Nothing is done yet, so a page that cannot be patched is not patched halfway.
 * @throws Unpatchable when a place cannot be found.
 */
export function difference(live: Element, before: Element, after: Element): PatchStep[] {
  if (before.isEqualNode(after)) return []
  return [...attributeSteps(live, before, after), ...childSteps(live, before, after)]
}

function attributeSteps(live: Element, before: Element, after: Element): PatchStep[] {
  const names = new Set([...attributesOf(before), ...attributesOf(after)].map(({ name }) => name))
  return [...names].flatMap((name) => {
    const value = attributesOf(after).getNamedItem(name)?.value
    if (value === attributesOf(before).getNamedItem(name)?.value) return []
    return [() => setAttribute(live, name, value)]
  })
}

function setAttribute(live: Element, name: string, value: string | undefined): void {
  if (value === undefined) Element.prototype.removeAttribute.call(live, name)
  // A strict policy forbids the attribute, but not the declarations.
  else if (name === 'style') (live as HTMLElement).style.cssText = value
  else Element.prototype.setAttribute.call(live, name, value)
}

function childSteps(live: Element, before: Element, after: Element): PatchStep[] {
  const olds = [...childNodesOf(before)]
  const news = [...childNodesOf(after)]
  const lives = [...childNodesOf(live)]
  const changes = align(olds, news)
  const places = align(olds, lives)
  if (changes === undefined || places === undefined) throw new Unpatchable()
  const placeOf = new Map(places.map(([old, place]) => [old, lives[place] as ChildNode]))
  const oldOf = new Map(changes.map(([old, fresh]) => [fresh, old]))
  const kept = new Set(oldOf.values())
  const steps: PatchStep[] = []
  for (const [index, old] of olds.entries()) {
    if (kept.has(index)) continue
    const place = placeOf.get(index)
    // A blank that the parser put elsewhere is no loss; anything else has been moved by a script.
    if (place !== undefined) steps.push(() => place.remove())
    else if (!isBlank(old)) throw new Unpatchable()
  }
  /** The node of the page after which the next new one comes. */
  let anchor: ChildNode | undefined
  for (const [index, fresh] of news.entries()) {
    const old = oldOf.get(index)
    if (old === undefined) {
      const made = document.importNode(fresh, true) as ChildNode
      const previous = anchor
      steps.push(() => (previous === undefined ? Element.prototype.prepend.call(live, made) : previous.after(made)))
      anchor = made
      continue
    }
    const place = placeOf.get(old)
    const former = olds[old] as ChildNode
    if (place !== undefined) {
      steps.push(...nodeSteps(place, former, fresh))
      anchor = place
    } else if (!former.isEqualNode(fresh)) throw new Unpatchable()
  }
  return steps
}

function nodeSteps(place: ChildNode, before: ChildNode, after: ChildNode): PatchStep[] {
  if (before instanceof Element && after instanceof Element) return difference(place as Element, before, after)
  return before.nodeValue === after.nodeValue ? [] : [() => (place.nodeValue = after.nodeValue)]
}

function isBlank(node: Node): boolean {
  return node.nodeType === Node.COMMENT_NODE || (node.nodeType === Node.TEXT_NODE && /^\s*$/.test(node.nodeValue ?? ''))
}
