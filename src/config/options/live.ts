import { choice, joint, severalTexts, toggle, type Joint } from './option.ts'

/** When and how open pages are updated. They resolve to `ResolvedConfig.live`. */
export class ReloadOptions {
  /**
   * Reload open pages when a file that they use changes. Starts with `listen()`; for pages of `handler` alone only where it is
   * set to true. Default true.
   */
  readonly live: Joint<boolean> = joint({
    ...toggle,
    default: true,
    description: 'Reload open pages when a file that they use changes.',
    overview: 'reload open pages when a file changes',
    show: ({ live }) => live !== undefined,
    foreignFlags: [
      [
        ['--hot', '--live-reload', '--livereload'],
        'leave it out: open pages are updated already; --no-live switches that off',
      ],
      [['--no-live-reload', '--no-livereload', '--no-reload'], '--no-live'],
    ],
    foreignKeys: [
      [
        ['hot', 'hmr', 'liveReload'],
        (value) => (value === false ? 'did you mean live: false?' : 'did you mean "live"? It is on'),
      ],
    ],
  })
  /** Additional files, folders or globs whose changes reload pages, for example `templates/**`. */
  readonly watch: Joint<string | readonly string[]> = joint({
    ...severalTexts,
    valueName: 'GLOB',
    isPath: true,
    default: [],
    description: 'Additional files, folders or globs whose changes reload pages.',
    accepts: 'paths or globs such as templates/**',
    show: ({ live }) => live?.watch,
    foreignFlags: [[['-f', '--files'], '--watch']],
    foreignKeys: [[['files', 'watchFiles'], 'did you mean "watch"?']],
  })
  /** Globs of files whose changes are ignored, relative to a served folder or absolute. */
  readonly ignore: Joint<string | readonly string[]> = joint({
    ...severalTexts,
    valueName: 'GLOB',
    default: [],
    description: 'Globs of files whose changes are ignored.',
    accepts: 'globs such as generated/**',
    show: ({ live }) => live?.ignore,
    foreignKeys: [[['watchOptions'], 'did you mean "ignore", or "poll"?']],
  })
  /** How a page is updated when its document has changed: `page` reloads it, `morph` patches it. Default `page`. */
  readonly reload: Joint<'page' | 'morph'> = joint({
    ...choice(['page', 'morph']),
    valueName: 'WAY',
    default: 'page',
    description: 'When the document of a page changes: reload the page (page), or patch it in place (morph).',
    show: ({ live }) => live?.reload,
  })
  /** Show updates in a small box on the page. Default false. */
  readonly toast: Joint<boolean> = joint({
    ...toggle,
    default: false,
    description: 'Show updates in a small box on the page.',
    show: ({ live }) => live?.toast,
    foreignKeys: [[['notify'], 'did you mean "toast"?']],
  })
  /** Report errors of open pages by the `console` event; the command prints them. Default false. */
  readonly console: Joint<boolean> = joint({
    ...toggle,
    default: false,
    description: 'Show errors of open pages in the terminal.',
    show: ({ live }) => live?.console,
  })
  /** Poll files every 300 ms. Default false: poll only where the system reports no changes. */
  readonly poll: Joint<boolean> = joint({
    ...toggle,
    shared: 'CHOKIDAR_USEPOLLING',
    default: false,
    description: 'Poll files every 300 ms, for disks that report no changes.',
    show: ({ live }) => live?.poll,
  })
}

/** The definitions. @internal */
export const liveOptions: ReloadOptions = new ReloadOptions()
