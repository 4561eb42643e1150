/**
 * `npm run messages`: every message that a user can meet, for a review in one go: errors, warnings, problems of options
 * and their hints as the sources state them, then the help pages. Words in `‹ ›` are computed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseSync } from 'oxc-parser'
import { flags } from '../src/cli/args/flags.ts'
import { renderHelp } from '../src/cli/commands/help.ts'
import { helpPages } from '../src/cli/commands/help-pages.ts'
import { loadCommands } from '../src/cli/commands/registry.ts'
import { fromRoot } from './paths.ts'

/** One message, as its source states it. */
export interface Message {
  /** Below src, with the line. */
  readonly place: string
  /** `E8008_CERT`, `W8008_WATCH`, or `option` where there is none, as in a problem of the configuration. */
  readonly code: string
  readonly text: string
  /** Empty where there is none. */
  readonly hint: string
}

/** A node of the syntax tree (ESTree). */
interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** Every message in the sources, found by their syntax. */
export function sourceMessages(root: string = fromRoot('src')): Message[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
    .flatMap((path) => fileMessages(path.replaceAll('\\', '/'), readFileSync(join(root, path), 'utf8')))
}

/** The messages of one file. */
export function fileMessages(path: string, source: string): Message[] {
  const { program } = parseSync(path, source)
  const root = program as unknown as SyntaxNode
  const names = namedThings(root)
  const found: Message[] = []
  const shown = new Set<SyntaxNode>()
  const text = (node: SyntaxNode): string => textOf(node, { source, names, shown })
  const add = (node: SyntaxNode, code: string, sentence: SyntaxNode, hint: SyntaxNode | undefined): void => {
    const line = source.slice(0, node.start).split('\n').length
    const hintText = hint === undefined ? '' : text(hint)
    found.push({ place: `${path}:${line}`, code, text: text(sentence), hint: hintText })
  }
  visit(root, (node) => {
    if (node.type === 'NewExpression' && sourceOf(node['callee'] as SyntaxNode, source) === 'ServeError') {
      const [code, sentence, details] = node['arguments'] as SyntaxNode[]
      if (code === undefined || sentence === undefined) return
      add(node, text(code), sentence, details === undefined ? undefined : valueOf(details, 'hint'))
    } else if (node.type === 'ObjectExpression') {
      const [code, message, hint] = ['code', 'message', 'hint'].map((key) => valueOf(node, key))
      if (message !== undefined) add(node, code === undefined ? 'option' : text(code), message, hint)
    }
  })
  visit(root, (node) => {
    if (shown.has(node) || !['Literal', 'TemplateLiteral'].includes(node.type)) return
    const sentence = textOf(node, { source, names, shown: new Set() })
    if (/^(?:[A-Z‹]|--).* .*[.?]$/s.test(sentence)) add(node, 'text', node, undefined)
  })
  return found.toSorted((one, other) => lineOf(one) - lineOf(other))
}

function lineOf({ place }: Message): number {
  return Number(place.slice(place.lastIndexOf(':') + 1))
}

/** What each `const` of a file is: a message often has a name first. Of several with one name none is taken. */
function namedThings(root: SyntaxNode): ReadonlyMap<string, SyntaxNode> {
  const names = new Map<string, SyntaxNode>()
  const several = new Set<string>()
  visit(root, (node) => {
    const [id, init] = [node['id'], node['init']]
    if (node.type !== 'VariableDeclarator' || !isNode(id) || !isNode(init)) return
    const name = String(id['name'])
    if (names.has(name)) several.add(name)
    names.set(name, init)
  })
  for (const name of several) names.delete(name)
  return names
}

function visit(node: SyntaxNode, look: (node: SyntaxNode) => void): void {
  look(node)
  for (const value of Object.values(node)) {
    for (const child of [value].flat()) if (isNode(child)) visit(child, look)
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** What an object literal states for a key. */
function valueOf(node: SyntaxNode, key: string): SyntaxNode | undefined {
  if (node.type !== 'ObjectExpression') return undefined
  const properties = node['properties'] as SyntaxNode[]
  const property = properties.find((each) => (each['key'] as SyntaxNode | undefined)?.['name'] === key)
  return property?.['value'] as SyntaxNode | undefined
}

function sourceOf({ start, end }: SyntaxNode, source: string): string {
  return source.slice(start, end)
}

/** What a text is made from. */
interface TextContext {
  readonly source: string
  readonly names: ReadonlyMap<string, SyntaxNode>
  /** Gets every node whose text is part of a message. */
  readonly shown: Set<SyntaxNode>
}

/** The text of an expression; what is computed is shown by its source. */
function textOf(node: SyntaxNode, context: TextContext): string {
  const { source, names, shown } = context
  shown.add(node)
  const part = (key: string): string => textOf(node[key] as SyntaxNode, context)
  if (node.type === 'Literal') return String(node['value'])
  if (node.type === 'BinaryExpression') return part('left') + part('right')
  if (node.type === 'ConditionalExpression') return `‹${part('consequent')} | ${part('alternate')}›`
  if (node.type === 'Identifier') {
    const named = names.get(String(node['name']))
    const isText = ['Literal', 'BinaryExpression', 'ConditionalExpression', 'TemplateLiteral'].includes(
      named?.type ?? '',
    )
    // A name may stand in its own value.
    if (named !== undefined && isText && !shown.has(named)) return textOf(named, context)
  }
  if (node.type === 'TemplateLiteral') {
    const inner = (node['expressions'] as SyntaxNode[]).map((each) => textOf(each, context))
    const texts = (node['quasis'] as { value: { cooked: string } }[]).map(({ value }) => value.cooked)
    return texts.map((text, i) => text + (inner[i] ?? '')).join('')
  }
  return `‹${sourceOf(node, source).replace(/\s+/g, ' ')}›`
}

async function allHelp(): Promise<string[]> {
  const commands = await loadCommands()
  const terminal = { isTerminal: false, color: false, columns: 80 }
  const names = ['help', 'all', ...helpPages(commands), ...flags.map(({ name }) => name)]
  return [...new Set(names)].map((name) => renderHelp(name, 'VERSION', terminal, commands))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { place, code, text, hint } of sourceMessages()) {
    process.stdout.write(`${code}  ${place}\n  ${text}\n${hint === '' ? '' : `  > ${hint}\n`}`)
  }
  for (const page of await allHelp()) process.stdout.write(`\n${'-'.repeat(80)}\n${page}`)
}
