import type { Change, Session } from '../protocol.ts'
import { reloadPage } from './reload.ts'
import type { Resources } from './resources.ts'

/** What {@link createApply} needs. */
export interface ApplyOptions {
  readonly documentPath: string
  readonly resources: Resources
  readonly session: () => Session | undefined
}

/** Brings changes to the page. */
export interface Apply {
  changes(changes: readonly Change[]): void
  reload(): void
}

export function createApply(_options: ApplyOptions): Apply {
  return {
    changes: () => void reloadPage(),
    reload: () => void reloadPage(),
  }
}
