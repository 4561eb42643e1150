/*
 * The browser client of live reload: the script that a served page gets. It defines no globals, replaces nothing of the
 * application except `console.error` when asked to, and changes the page only when a file of the page has changed.
 */
import type { Session, ToPage } from '../protocol.ts'
import { ageAtAnswer, savedSyncTime, saveSyncTime } from './sync-time'
import { createApply } from './apply.ts'
import { connect } from './connection.ts'
import { collectErrors } from './console-texts.ts'
import { onEvent, whenParsed } from './dom.ts'
import { createMorph } from './morph.ts'
import { showError } from './overlay.ts'
import { controlUrl, isOptedOut } from './current-script.ts'
import { restorePosition } from './scroll-focus.ts'
import { watchResources } from './resources.ts'
import { toast } from './toast.ts'

function start(control: URL, documentPath: string): void {
  let session: Session | undefined
  let syncedAt = savedSyncTime(documentPath, 'back_forward')
  const loadedAfter = savedSyncTime(documentPath, 'reload')
  let age = 0
  /** The first answer may have changes from before the document was remembered. */
  let isFirst = true
  const morph = createMorph()
  const resources = watchResources(control, (paths) => connection.send({ type: 'uses', resources: paths }))
  const apply = createApply({ documentPath, resources, morph, session: () => session })

  function take(message: ToPage): void {
    const isLate = isFirst
    if ('time' in message) {
      syncedAt = message.time
      isFirst = false
    }
    switch (message.type) {
      case 'change':
        return apply.changes(message.changes, isLate)
      case 'reload':
        return apply.reload()
      case 'notify':
        return toast(message.message)
      case 'error':
        return showError(message.error)
    }
  }

  const connection = connect(control, {
    async session(current, askedAt) {
      const isOther = session !== undefined && session.site !== current.site
      session = current
      age = ageAtAnswer(control, askedAt)
      if (isOther) apply.reload()
      if (current.reload === 'morph') await morph.remember()
    },
    hello: () => ({
      type: 'hello',
      document: documentPath,
      resources: resources.paths(),
      ...(syncedAt === undefined ? { age, ageAt: session?.time, loadedAfter } : { syncedAt }),
    }),
    greeted: () => errors.wanted(session?.console === true),
    message: take,
  })
  const errors = collectErrors(connection.send)
  onEvent(window, 'pagehide', () => saveSyncTime(documentPath, syncedAt))
}

const control = controlUrl()
if (control !== undefined) {
  const documentPath = location.pathname
  restorePosition()
  whenParsed(() => {
    if (!isOptedOut()) start(control, documentPath)
  })
}
