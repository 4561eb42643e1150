import { readdirSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { fromRoot } from '../../scripts/paths.ts'

/** A fenced code block. */
export interface Block {
  /** What stands behind the fence. */
  readonly language: string
  readonly text: string
}

/** A heading with what stands below it, down to the next heading. */
export interface Section {
  readonly title: string
  /** The anchor that GitHub makes of the title. */
  readonly anchor: string
  readonly blocks: readonly Block[]
}

/** A page of the documentation. */
export interface Page {
  /** Below the repository's root, with slashes. */
  readonly path: string
  readonly text: string
  readonly sections: readonly Section[]
  /** The text without its code blocks. */
  readonly prose: string
}

/** The pages for users: the README and all of `docs`, except what is for contributors. */
export function userPages(): readonly Page[] {
  const below = readdirSync(fromRoot('docs'), { recursive: true, encoding: 'utf8' })
    .map((path) => `docs/${path.split(sep).join('/')}`)
    .filter((path) => path.endsWith('.md') && !/^docs\/(contributing|decisions)\//.test(path))
  return ['README.md', ...below.toSorted()].map(readPage)
}

export function readPage(path: string): Page {
  const text = readFileSync(fromRoot(path), 'utf8')
  const sections: { title: string; anchor: string; blocks: Block[] }[] = []
  const prose: string[] = []
  let block: { language: string; lines: string[] } | undefined
  for (const line of text.split('\n')) {
    if (block !== undefined && line !== '```') block.lines.push(line)
    else if (block !== undefined) {
      sections.at(-1)?.blocks.push({ language: block.language, text: block.lines.join('\n') })
      block = undefined
    } else if (line.startsWith('```')) block = { language: line.slice(3), lines: [] }
    else {
      const title = /^#+ (.*)$/.exec(line)?.[1]
      if (title !== undefined) sections.push({ title, anchor: anchorOf(title), blocks: [] })
      prose.push(line)
    }
  }
  if (block !== undefined) throw new Error(`${path} has a code block without an end.`)
  return { path, text, sections, prose: prose.join('\n') }
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

/** The texts between backticks of a page, in tables too. */
export function codeSpans(page: Page): string[] {
  return [...page.prose.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)
}
