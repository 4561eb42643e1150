// Sends a few requests to the server of this page and shows the replies.

/** For each check: the request, the expected statuses, and a remark about the reply. */
const checks = {
  clean: {
    send: () => fetch('about', { cache: 'no-store' }),
    right: [200],
    say: (reply) => reply.headers.get('content-type'),
  },
  fresh: {
    async send() {
      const first = await fetch('style.css', { method: 'HEAD', cache: 'no-store' })
      return fetch('style.css', { headers: { 'If-None-Match': first.headers.get('etag') ?? '' }, cache: 'no-store' })
    },
    right: [304],
    say: () => 'not changed: no content was sent',
  },
  range: {
    send: () => fetch('files/tone.wav', { headers: { Range: 'bytes=0-99' }, cache: 'no-store' }),
    right: [206],
    say: (reply) => reply.headers.get('content-range'),
  },
  listing: {
    send: () => fetch('files/', { headers: { Accept: 'application/json' }, cache: 'no-store' }),
    right: [200],
    async say(reply) {
      const { entries } = await reply.json()
      return entries.map(({ name }) => name).join(', ')
    },
  },
  missing: {
    send: () => fetch('missing.js', { cache: 'no-store' }),
    right: [404],
    say: () => 'not found, and no page instead',
  },
  escape: {
    send: () => fetch('files/..%2f..%2fpackage.json', { cache: 'no-store' }),
    right: [400, 403, 404],
    say: () => 'refused',
  },
}

async function run(row) {
  const { send, right, say } = checks[row.dataset.check]
  const started = performance.now()
  try {
    const reply = await send()
    const ms = Math.max(1, Math.round(performance.now() - started))
    const remark = await say(reply)
    // Unread content would block its connection.
    if (!reply.bodyUsed) await reply.arrayBuffer()
    show(row, `${reply.status}`, right.includes(reply.status), `${remark ?? ''} · ${ms} ms`)
  } catch (error) {
    show(row, 'no answer', false, error.message)
  }
}

function show(row, status, good, remark) {
  const cell = row.querySelector('td')
  const mark = document.createElement('b')
  mark.textContent = good ? `✓ ${status}` : `✗ ${status}`
  mark.classList.toggle('fault', !good)
  const text = document.createElement('span')
  text.textContent = remark
  cell.replaceChildren(mark, text)
}

async function runAll() {
  // One after the other, so that each time is that of one request.
  for (const row of document.querySelectorAll('tr[data-check]')) await run(row)
}

document.querySelector('#origin').textContent = location.origin
const again = document.querySelector('#again')
again.hidden = false
again.addEventListener('click', () => void runAll())
void runAll()
