/*
 * Reads the DOM with the getters of the prototypes. A page may hold `<img name="currentScript">` or
 * `<input name="children">`, and `document.currentScript` or `form.children` is then that element (DOM clobbering). Markup
 * cannot override the getters of the prototypes.
 */

function getterOf<Owner extends object, Name extends keyof Owner>(
  prototype: Owner,
  name: Name,
): (owner: Owner) => Owner[Name] {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get
  return (owner) => (get === undefined ? owner[name] : (get.call(owner) as Owner[Name]))
}

export const currentScript: (owner: Document) => HTMLOrSVGScriptElement | null = getterOf(
  Document.prototype,
  'currentScript',
)
export const visibilityState: (owner: Document) => DocumentVisibilityState = getterOf(
  Document.prototype,
  'visibilityState',
)
const readyState: (owner: Document) => DocumentReadyState = getterOf(Document.prototype, 'readyState')
export const documentElement: (owner: Document) => HTMLElement | null = getterOf(Document.prototype, 'documentElement')
export const activeElement: (owner: Document) => Element | null = getterOf(Document.prototype, 'activeElement')
const shadowRootOf: (owner: Element) => ShadowRoot | null = getterOf(Element.prototype, 'shadowRoot')
export const attributesOf: (owner: Element) => NamedNodeMap = getterOf(Element.prototype, 'attributes')
export const childNodesOf: (owner: Node) => NodeListOf<ChildNode> = getterOf(Node.prototype, 'childNodes')
export const parentOf: (owner: Node) => ParentNode | null = getterOf(Node.prototype, 'parentNode')
export const isConnected: (owner: Node) => boolean = getterOf(Node.prototype, 'isConnected')

export const documentUrl: (owner: Document) => string = getterOf(Document.prototype, 'URL')
export const contentTypeOf: (owner: Document) => string = getterOf(Document.prototype, 'contentType')

const sheetsOfDocument = getterOf(Document.prototype, 'styleSheets')
const adoptedByDocument = getterOf(Document.prototype, 'adoptedStyleSheets')

const { querySelectorAll } = Document.prototype
const { querySelectorAll: querySelectorAllOfElement } = Element.prototype
const { querySelectorAll: querySelectorAllOfFragment } = DocumentFragment.prototype
const { createElementNS } = Document.prototype
const { addEventListener } = EventTarget.prototype

/** Makes an HTML element, also in an SVG image. */
export function newElement<Name extends keyof HTMLElementTagNameMap>(name: Name): HTMLElementTagNameMap[Name]
export function newElement(name: string): HTMLElement
export function newElement(name: string): HTMLElement {
  return createElementNS.call(document, 'http://www.w3.org/1999/xhtml', name) as HTMLElement
}

/** Every element below a root that matches a selector. */
export function queryAll<Found extends Element = Element>(root: Node, selector: string): Found[] {
  const query =
    root instanceof Document
      ? querySelectorAll
      : root instanceof DocumentFragment
        ? querySelectorAllOfFragment
        : querySelectorAllOfElement
  return [...(query.call(root, selector) as NodeListOf<Found>)]
}

/** The document and every open shadow root in it, at any depth. */
export function rootsOf(document: Document): (Document | ShadowRoot)[] {
  const roots: (Document | ShadowRoot)[] = [document]
  for (const root of roots) {
    for (const element of queryAll(root, '*')) {
      const shadow = shadowRootOf(element)
      if (shadow !== null) roots.push(shadow)
    }
  }
  return roots
}

/**
 * The sheets of the links and style elements below a root, and the sheets that it has adopted. While an import of a sheet
 * loads, the list of the root may lack the sheet, so the elements are searched too.
 */
export function sheetsOf(root: Document | ShadowRoot): { own: CSSStyleSheet[]; adopted: CSSStyleSheet[] } {
  const isShadow = root instanceof ShadowRoot
  const listed = isShadow ? root.styleSheets : sheetsOfDocument(root)
  const owners = queryAll<HTMLLinkElement | HTMLStyleElement>(root, 'link, style')
  const held = owners.flatMap(({ sheet }) => sheet ?? [])
  return {
    own: [...new Set([...listed, ...held])],
    adopted: [...(isShadow ? root.adoptedStyleSheets : adoptedByDocument(root))],
  }
}

/** Adds a listener with the method of the prototype. */
export function onEvent(target: EventTarget, type: string, listener: (event: Event) => void, capture = false): void {
  addEventListener.call(target, type, listener, capture)
}

/** Runs when the document has been parsed. */
export function whenParsed(run: () => void): void {
  if (readyState(document) === 'loading') onEvent(document, 'DOMContentLoaded', run)
  else run()
}
