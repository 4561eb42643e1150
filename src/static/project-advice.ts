import { buildFolders, runScript, type PackageFacts } from '../core/util/package-json.ts'
import { toolOf, vite, type Tool } from '../core/util/project-tools.ts'

/** Facts about the top of a served folder. */
export interface ProjectFacts {
  /** Names of files and folders. */
  readonly names: ReadonlySet<string>
  /** The beginning of `index.html`; undefined if there is none. */
  readonly index: string | undefined
  /** The content of package.json; undefined if it cannot be read. */
  readonly packageJson: PackageFacts | undefined
  /** The beginning of `index.html` in each output folder of builds, by folder name. */
  readonly built: ReadonlyMap<string, string>
}

/** Advice about the project in a served folder. */
export interface ProjectAdvice {
  /** `source`: files that browsers cannot run; `unbuilt`: no page yet; `app`: one page for every path. */
  readonly kind: 'source' | 'unbuilt' | 'app'
  /** One sentence. */
  readonly message: string
  /** A command that works when pasted; absent for an app, for which an option of the server helps. */
  readonly command?: string
}

/** Current advice about the project at the top of a folder; undefined if there is none. A promise while it loads. */
export type Advise = () => ProjectAdvice | undefined | Promise<ProjectAdvice | undefined>

// `[^<>]` and not `[^>]`: on a page of many unclosed tags, matching would otherwise take seconds.

/** A module that a bundler must compile, as the page of a Vite project loads it. */
const sourceModule = /<script\b[^<>]*\bsrc=["']?(\/?[^"'\s>]+\.(?:[cm]?tsx?|jsx|vue|svelte))(?=["'\s>?])/i

/** The empty element that a script fills with the page. */
const emptyMount =
  /<(div|main|section)\b[^<>]*\bid=["']?(?:root|app|__next|__nuxt|svelte|main|application|mount)["']?[^<>]*>\s*(?:<!--[^]*?-->\s*)?<\/\1>|<(app-root|app-main)\b[^<>]*>\s*<\/\2>/i

/** The first line of a template, which a site generator removes. */
const frontMatter = /^\uFEFF?---\r?\n/

/**
 * Recognises the project in a served folder: sources instead of a build, a build that is missing or in another folder,
 * a single-page app. Undefined for an ordinary site.
 */
export function adviseOn(facts: ProjectFacts): ProjectAdvice | undefined {
  const { index } = facts
  if (index === undefined) return adviseOnMissingPage(facts)
  const [, module] = sourceModule.exec(index) ?? []
  const found = toolOf(facts)
  if (module !== undefined) {
    return {
      kind: 'source',
      message: `index.html loads ${module}, which browsers cannot run: this is the source of ${withArticle(found?.name ?? 'Vite')} project.`,
      command: startOf(found ?? vite, facts),
    }
  }
  if (found !== undefined && frontMatter.test(index)) {
    return {
      kind: 'source',
      message: `index.html is a template: this is the source of ${withArticle(found.name)} project.`,
      command: startOf(found, facts),
    }
  }
  return isAppPage(index) && !facts.names.has('404.html')
    ? { kind: 'app', message: 'This looks like a single-page app, whose other addresses need its index.html.' }
    : undefined
}

function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}

/** Whether only a script fills the page. */
export function isAppPage(html: string): boolean {
  return emptyMount.test(html) && /<script\b[^<>]*\bsrc=/i.test(html)
}

function adviseOnMissingPage(facts: ProjectFacts): ProjectAdvice | undefined {
  const found = toolOf(facts)
  if (found === undefined) return undefined
  const { built, packageJson } = facts
  const folder = buildFolders.find((name) => built.has(name))
  const message = `There is no index.html here: this is the source of ${withArticle(found.name)} project.`
  if (folder !== undefined && found.name !== 'Create React App') {
    const single = isAppPage(built.get(folder) ?? '') ? ' --single' : ''
    return { kind: 'unbuilt', message, command: `serve8008 ${folder}${single}` }
  }
  const hasStart = found.scripts.some((script) => packageJson?.scripts[script] !== undefined)
  const build = packageJson?.scripts['build'] !== undefined && !hasStart ? runScript('build', facts.names) : undefined
  return { kind: 'unbuilt', message, command: build ?? startOf(found, facts) }
}

function startOf({ scripts, command }: Tool, facts: ProjectFacts): string {
  const script = scripts.find((name) => facts.packageJson?.scripts[name] !== undefined)
  return script === undefined ? command : runScript(script, facts.names)
}
