/*
 * The browser client of live reload: the script that a served page gets. It keeps to itself: it leaves no names behind,
 * replaces nothing of the application's, and changes the page only when a file of the page has changed.
 */
import type { Session, ToPage } from '../protocol.ts'
import { createApply } from './apply.ts'
import { connect } from './connection.ts'
import { whenParsed } from './dom.ts'
import { controlFolder, isDeclined } from './own-script.ts'
import { restorePlace } from './place.ts'
import { watchResources } from './resources.ts'

function start(control: URL): void {
  let session: Session | undefined
  let syncedAt: number | undefined
  const documentPath = location.pathname
  const resources = watchResources(control, (paths) => connection?.send({ type: 'uses', resources: paths }))
  const apply = createApply({ documentPath, resources, session: () => session })
  const connection = connect(control, {
    hello: () => ({
      type: 'hello',
      document: documentPath,
      resources: resources.paths(),
      ...(syncedAt === undefined ? { age: performance.now() } : { syncedAt }),
    }),
    session: (current) => (session = current),
    message(message: ToPage) {
      if ('time' in message) syncedAt = message.time
      if (message.type === 'change') apply.changes(message.changes)
      else if (message.type === 'reload') apply.reload()
    },
  })
}

const control = controlFolder()
if (control !== undefined) {
  restorePlace()
  whenParsed(() => {
    if (!isDeclined()) start(control)
  })
}
