/** One place on the page that shows a changed file. */
export interface Job {
  /** What to load first, so that nothing is empty meanwhile. */
  readonly preload?: { readonly kind: 'image' | 'font'; readonly address: string }
  run(): void
}
