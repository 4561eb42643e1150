import { runScript, type PackageFacts } from './package-json.ts'

/** A tool that builds sites. */
export interface Tool {
  readonly name: string
  /** File and folder names that identify the tool. */
  readonly marks: RegExp
  /** Names of which one must exist too, if a mark alone is ambiguous. */
  readonly beside?: RegExp
  /** A dependency that identifies the tool too. */
  readonly dependency?: string
  /** Scripts of package.json that start it, the preferred one first. */
  readonly scripts: readonly string[]
  /** The command that starts it without a script. */
  readonly command: string
  /** The folder that its build writes, if it has a usual name. */
  readonly output?: string
  /** The script of package.json that builds. Default `build`. */
  readonly buildScript?: string
  /** The command that builds without a script. */
  readonly build?: string
}

const hugo = { name: 'Hugo', scripts: [], command: 'hugo server', output: 'public', build: 'hugo' }

/** The tool of a page that loads sources, where nothing else identifies one. */
export const vite: Tool = {
  ...started('Vite', /^vite\.config\.[cm]?[jt]s$/, 'vite', 'npx vite'),
  output: 'dist',
  build: 'npx vite build',
}

/** Known tools. A tool that contains another (Astro has Vite) comes first. */
const tools: readonly Tool[] = [
  { ...hugo, marks: /^hugo\.(?:toml|ya?ml|json)$/ },
  { ...hugo, marks: /^config\.(?:toml|ya?ml|json)$/, beside: /^archetypes$/ },
  {
    name: 'Jekyll',
    marks: /^_config\.ya?ml$/,
    beside: /^(?:Gemfile|_posts|_layouts|_includes)$/,
    scripts: [],
    command: 'bundle exec jekyll serve',
    output: '_site',
    build: 'bundle exec jekyll build',
  },
  {
    name: 'Eleventy',
    marks: /^(?:\.eleventy\.c?js|eleventy\.config\.[cm]?[jt]s)$/,
    dependency: '@11ty/eleventy',
    scripts: ['dev', 'start', 'serve'],
    command: 'npx @11ty/eleventy --serve',
    output: '_site',
    build: 'npx @11ty/eleventy',
  },
  started('Next.js', /^next\.config\.[cm]?[jt]s$/, 'next', 'npx next dev'),
  started('Nuxt', /^nuxt\.config\.[cm]?[jt]s$/, 'nuxt', 'npx nuxt dev'),
  {
    ...started('Astro', /^astro\.config\.[cm]?[jt]s$/, 'astro', 'npx astro dev'),
    output: 'dist',
    build: 'npx astro build',
  },
  started('SvelteKit', /^svelte\.config\.[cm]?[jt]s$/, '@sveltejs/kit', 'npx vite'),
  {
    ...started('Gatsby', /^gatsby-config\.[cm]?[jt]s$/, 'gatsby', 'npx gatsby develop'),
    output: 'public',
    build: 'npx gatsby build',
  },
  {
    ...started('Docusaurus', /^docusaurus\.config\.[cm]?[jt]s$/, '@docusaurus/core', 'npx docusaurus start'),
    output: 'build',
    build: 'npx docusaurus build',
  },
  {
    ...started('Angular', /^angular\.json$/, '@angular/cli', 'npx ng serve'),
    output: 'dist',
    build: 'npx ng build',
  },
  started('VitePress', /^\.vitepress$/, 'vitepress', 'npx vitepress dev'),
  started('Create React App', /^$/, 'react-scripts', 'npm start'),
  vite,
  {
    ...started('webpack', /^webpack\.config\.[cm]?[jt]s$/, 'webpack', 'npx webpack serve'),
    output: 'dist',
    build: 'npx webpack',
  },
  started('Parcel', /^\.parcelrc$/, 'parcel', 'npx parcel'),
  {
    name: 'Storybook',
    marks: /^\.storybook$/,
    scripts: ['storybook'],
    command: 'npx storybook dev',
    output: 'storybook-static',
    buildScript: 'build-storybook',
    build: 'npx storybook build',
  },
]

function started(name: string, marks: RegExp, dependency: string, command: string): Tool {
  return { name, marks, dependency, scripts: ['dev', 'start', 'serve'], command }
}

/** What identifies the tool of a project. */
interface Project {
  /** Names of files and folders at its top. */
  readonly names: ReadonlySet<string>
  readonly packageJson: PackageFacts | undefined
}

/** The tool of a project; undefined where none is known. */
export function toolOf(project: Project): Tool | undefined {
  return tools.find((tool) => isToolOf(tool, project))
}

function isToolOf({ marks, beside, dependency }: Tool, { names, packageJson }: Project): boolean {
  const list = Array.from(names)
  return (
    (list.some((name) => marks.test(name)) && (beside === undefined || list.some((name) => beside.test(name)))) ||
    (dependency !== undefined && packageJson?.dependencies.has(dependency) === true)
  )
}

/**
 * The command that writes the output folder of a project: its script, else that of the tool which writes a folder of
 * this name. Undefined where neither is known.
 */
export function buildCommand(folder: string, project: Project): string | undefined {
  const { names, packageJson } = project
  const tool = tools.find((each) => each.output === folder && isToolOf(each, project))
  const script = tool?.buildScript ?? 'build'
  return packageJson?.scripts[script] === undefined ? tool?.build : runScript(script, names)
}
