import { align } from './align.ts'
import { attributesOf, childNodesOf } from './dom.ts'

/** The page cannot be patched and needs a reload. */
class Unpatchable extends Error {}

/** Applies one difference to the page. */
type PatchStep = () => void

/**
 * Finds the differences between two versions of a document, and the nodes of the page for them. Changes by scripts and
 * users since the page was loaded are kept.
 *
 * @returns The steps to run. None runs before all are found, so a page is never patched halfway.
 * @throws Unpatchable if the node for a difference cannot be found.
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
  // A strict Content-Security-Policy forbids setting the attribute, but not its declarations.
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
    // The parser may have moved white space, which can stay. Another missing node was moved by a script.
    if (place !== undefined) steps.push(() => place.remove())
    else if (!isBlank(old)) throw new Unpatchable()
  }
  /** The node of the page after which the next new node is inserted. */
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
